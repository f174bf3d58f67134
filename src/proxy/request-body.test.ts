import { describe, expect, it } from 'vitest'
import { RequestBody, type CollectOutcome } from './request-body.ts'

const MIB = 1024 * 1024
const source = { pauseBody: () => undefined, resumeBody: () => undefined }

function collected(length: number, limitBytes: number) {
  const body = new RequestBody({ kind: 'length', length }, source)
  const outcomes: CollectOutcome[] = []
  body.collect(limitBytes, (outcome) => outcomes.push(outcome))
  return { body, outcomes, room: () => body.heldAsOne().buffer.byteLength }
}

describe('RequestBody', () => {
  it('makes no more room than twice what came, whatever is announced', () => {
    const { body, room } = collected(64 * MIB, 64 * MIB)
    const piece = Buffer.alloc(100_000)
    for (let sent = 0; sent < 4 * MIB; sent += piece.length) {
      body.receive(piece, 0, piece.length)
      expect(room()).toBeLessThanOrEqual(Math.max(MIB, 2 * body.heldBytes))
    }
  })

  it('makes room once for what is announced, while that is little', () => {
    const { body, room } = collected(300_000, 8 * MIB)
    body.receive(Buffer.alloc(100_000), 0, 100_000)
    expect(room()).toBe(300_000)
  })

  it('holds a long body as it came, in no more room than it takes', () => {
    const length = 5 * MIB + 7
    const sent = Buffer.from(Array.from({ length }, (_, at) => at % 251))
    const { body, outcomes, room } = collected(length, 8 * MIB)
    for (let at = 0; at < length; at += 65_536)
      body.receive(sent, at, Math.min(length, at + 65_536))
    expect(outcomes).toEqual(['complete'])
    expect(body.heldAsOne().equals(sent)).toBe(true)
    expect(room()).toBe(length)
  })

  it('lets its source read on behind a body whose last piece came while others were behind', () => {
    const told: string[] = []
    const body = new RequestBody(
      { kind: 'length', length: 4 },
      { pauseBody: () => void told.push('pause'), resumeBody: () => void told.push('resume') },
    )
    body.pipe({ takeBody: () => body.pause(), endBody: () => void told.push('end') })
    told.length = 0
    body.receive(Buffer.from('last'), 0, 4)
    expect(told).toEqual(['pause', 'resume', 'end'])
    // Whoever was behind and is not any more does not disturb the next request.
    body.resume()
    expect(told.length).toBe(3)
  })

  it('gives its memory to the next body once it is spent, unless somebody may have it', () => {
    const fill = (letter: string) => {
      const { body } = collected(MIB, MIB)
      body.receive(Buffer.alloc(MIB, letter), 0, MIB)
      return body
    }
    const memoryOf = (body: RequestBody) => body.heldToSend().buffer
    const first = fill('a')
    const memory = memoryOf(first)
    first.recycle()
    const second = fill('b')
    expect(memoryOf(second)).toBe(memory)
    const kept = second.heldAsOne()
    second.recycle()
    expect(memoryOf(fill('c'))).not.toBe(memory)
    expect(kept.every((byte) => byte === 'b'.charCodeAt(0))).toBe(true)
  })
})
