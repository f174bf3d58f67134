/** A set of characters: one flag for each of ASCII, the last one for all others together. */
export type Charset = Uint8Array

export const BEYOND = 128

export function charset(...members: readonly (number | readonly [number, number])[]): Charset {
  const set = new Uint8Array(BEYOND + 1)
  for (const member of members) {
    const [low, high] = typeof member === 'number' ? [member, member] : member
    set.fill(1, Math.min(low, BEYOND), Math.min(high, BEYOND) + 1)
  }
  return set
}

export function complement(set: Charset): Charset {
  const all = set.map((flag) => 1 - flag)
  // A set of some characters beyond ASCII and its complement both have others of them.
  all[BEYOND] = 1
  return all
}

export function union(a: Charset, b: Charset): Charset {
  const both = Uint8Array.from(a)
  for (let at = 0; at <= BEYOND; at += 1) both[at]! |= b[at]!
  return both
}

export function isDisjoint(a: Charset, b: Charset): boolean {
  for (let at = 0; at <= BEYOND; at += 1) if (a[at]! & b[at]!) return false
  return true
}

/** Of one literal, in both cases. */
export function literalCharset(code: number): Charset {
  const known = literals.get(code)
  if (known !== undefined) return known
  const set = withBothCases(charset(code))
  if (code < BEYOND) literals.set(code, set)
  return set
}

const literals = new Map<number, Charset>()

/** With both cases of every letter in it; `k` and `s` have a further form beyond ASCII. */
export function withBothCases(set: Charset): Charset {
  const both = Uint8Array.from(set)
  for (let upper = 65; upper <= 90; upper += 1) {
    const flag = set[upper]! | set[upper + 32]!
    both[upper] = flag
    both[upper + 32] = flag
  }
  if (both[K] === 1 || both[S] === 1) both[BEYOND] = 1
  if (set[BEYOND] === 1)
    for (const letter of [K, S]) both.fill(1, letter, letter + 1).fill(1, letter - 32, letter - 31)
  return both
}

const K = 107
const S = 115

export const DIGITS = charset([48, 57])
export const WORD = charset([48, 57], [65, 90], 95, [97, 122])
export const SPACE = charset(9, 10, 12, 13, 32)
export const ANY_BUT_NEWLINE = complement(charset(10))
