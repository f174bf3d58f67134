import { describe, expect, it } from 'vitest'
import { xxHash32 } from './xxhash32.ts'

const PRIME = 0x9e3779b1

/** The buffer that the reference implementation's self-test hashes. */
function sanityBytes(length: number): string {
  let state = PRIME
  let text = ''
  for (let index = 0; index < length; index += 1) {
    text += String.fromCharCode(state >>> 24)
    state = Math.imul(state, state) >>> 0
  }
  return text
}

describe('xxHash32()', () => {
  it.each([
    [0, 0, 0x02cc5d05],
    [0, PRIME, 0x36b78ae7],
    [1, 0, 0xb85cbee5],
    [1, PRIME, 0xd5845d64],
    [14, 0, 0xe5aa0ab4],
    [14, PRIME, 0x4481951d],
    [101, 0, 0x1f1aa412],
    [101, PRIME, 0x498ec8e2],
  ])(
    'gives the value of the reference self-test for %i bytes with seed %i',
    (length, seed, hash) => {
      expect(xxHash32(sanityBytes(length), seed)).toBe(hash)
    },
  )

  it.each([
    ['a', 0x550d7456],
    ['abc', 0x32d153ff],
    ['Nobody inspects the spammish repetition', 0xe2293b2f],
  ])('gives the published value of "%s"', (text, hash) => {
    expect(xxHash32(text)).toBe(hash)
  })
})
