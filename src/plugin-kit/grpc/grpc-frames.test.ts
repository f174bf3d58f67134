import { describe, expect, it, vi } from 'vitest'
import { FrameReader, grpcFrame, PLAIN, TRAILERS } from './grpc-frames.ts'

describe('FrameReader', () => {
  it('takes out the same frames, wherever the bytes are cut', () => {
    const bytes = Buffer.concat([
      grpcFrame(PLAIN, Buffer.from('first')),
      grpcFrame(PLAIN, Buffer.alloc(0)),
      grpcFrame(TRAILERS, Buffer.alloc(300, 'x')),
    ])
    for (let cut = 0; cut <= bytes.length; cut += 1) {
      const reader = new FrameReader()
      const frames = [...reader.read(bytes.subarray(0, cut)), ...reader.read(bytes.subarray(cut))]
      expect(frames.map(({ flag, message }) => [flag, message.length])).toEqual([
        [PLAIN, 5],
        [PLAIN, 0],
        [TRAILERS, 300],
      ])
      expect(reader.rest.length).toBe(0)
    }
  })

  it('keeps what is not whole', () => {
    const reader = new FrameReader()
    expect(reader.read(Buffer.from([0, 0, 0, 0, 9, 1]))).toEqual([])
    expect(reader.rest.length).toBe(6)
  })

  it('puts a long message together once, however many pieces it comes in', () => {
    const message = Buffer.from(Array.from({ length: 1_000_000 }, (_, at) => at % 251))
    const bytes = grpcFrame(PLAIN, message)
    const reader = new FrameReader()
    const joined = vi.spyOn(Buffer, 'concat')
    const frames = []
    for (let at = 0; at < bytes.length; at += 100)
      frames.push(...reader.read(bytes.subarray(at, at + 100)))
    expect(joined.mock.calls.length).toBeLessThan(5)
    joined.mockRestore()
    expect(frames).toHaveLength(1)
    expect(frames[0]!.message.equals(message)).toBe(true)
  })

  it('does not wait for more than it would keep', () => {
    const reader = new FrameReader()
    expect(() => reader.read(Buffer.from([0, 0xff, 0xff, 0xff, 0xff]))).toThrow(
      'A frame of 4294967295 bytes is longer than 67108864',
    )
  })
})
