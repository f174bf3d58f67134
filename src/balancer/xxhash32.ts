const PRIME_1 = 0x9e3779b1
const PRIME_2 = 0x85ebca77
const PRIME_3 = 0xc2b2ae3d
const PRIME_4 = 0x27d4eb2f
const PRIME_5 = 0x165667b1

const STRIPE_BYTES = 16

/**
 * xxHash of 32 bits over a string of one character a byte. Kong's ring is built with it, so that
 * keys go to the same targets here.
 *
 * @returns an unsigned number
 * @see xxHash specification 0.1.1, "XXH32 algorithm description"
 */
export function xxHash32(bytes: string, seed = 0): number {
  const { length } = bytes
  let at = 0
  let hash: number
  if (length >= STRIPE_BYTES) {
    let lane1 = (seed + PRIME_1 + PRIME_2) | 0
    let lane2 = (seed + PRIME_2) | 0
    let lane3 = seed | 0
    let lane4 = (seed - PRIME_1) | 0
    for (; at <= length - STRIPE_BYTES; at += STRIPE_BYTES) {
      lane1 = mix(lane1, word(bytes, at))
      lane2 = mix(lane2, word(bytes, at + 4))
      lane3 = mix(lane3, word(bytes, at + 8))
      lane4 = mix(lane4, word(bytes, at + 12))
    }
    hash = (turn(lane1, 1) + turn(lane2, 7) + turn(lane3, 12) + turn(lane4, 18)) | 0
  } else hash = (seed + PRIME_5) | 0
  hash = (hash + length) | 0
  for (; at + 4 <= length; at += 4)
    hash = Math.imul(turn((hash + Math.imul(word(bytes, at), PRIME_3)) | 0, 17), PRIME_4)
  for (; at < length; at += 1)
    hash = Math.imul(turn((hash + Math.imul(byte(bytes, at), PRIME_5)) | 0, 11), PRIME_1)
  return avalanche(hash)
}

function avalanche(hash: number): number {
  let mixed = Math.imul(hash ^ (hash >>> 15), PRIME_2)
  mixed = Math.imul(mixed ^ (mixed >>> 13), PRIME_3)
  return (mixed ^ (mixed >>> 16)) >>> 0
}

function mix(lane: number, input: number): number {
  return Math.imul(turn((lane + Math.imul(input, PRIME_2)) | 0, 13), PRIME_1)
}

function turn(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits))
}

function byte(bytes: string, at: number): number {
  return bytes.charCodeAt(at) & 0xff
}

/** Four bytes, the lowest first. */
function word(bytes: string, at: number): number {
  return (
    byte(bytes, at) |
    (byte(bytes, at + 1) << 8) |
    (byte(bytes, at + 2) << 16) |
    (byte(bytes, at + 3) << 24)
  )
}
