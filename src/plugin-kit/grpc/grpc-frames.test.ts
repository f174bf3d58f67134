import { describe, expect, it } from 'vitest'
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
})
