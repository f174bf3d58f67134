import { createHmac, createSecretKey } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { ALGORITHMS, isSignedBy } from './algorithms.ts'

const key = createSecretKey(Buffer.from('a secret'))
const signed = 'eyJhbGciOiJIUzI1NiJ9.e30'

describe.each([
  ['HS256', 'sha256'],
  ['HS384', 'sha384'],
  ['HS512', 'sha512'],
])('a code of %s', (name, hash) => {
  const algorithm = ALGORITHMS.get(name)!
  const mac = createHmac(hash, key).update(signed).digest()
  const text = mac.toString('base64url')
  const isGood = (signature: string): boolean => isSignedBy(algorithm, key, { signed, signature })

  it('is right as it should be written, and with the padding that Kong takes', () => {
    expect(isGood(text)).toBe(true)
    expect(isGood(text + '='.repeat((4 - (text.length % 4)) % 4))).toBe(true)
  })

  it('is right with bits in its last letter that say nothing, where it has such', () => {
    const spare = (text.length * 6) % 8
    const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const last = letters.indexOf(text.at(-1)!)
    for (let bits = 0; bits < 1 << spare; bits += 1)
      expect(isGood(text.slice(0, -1) + letters[last | bits]!)).toBe(true)
  })

  it('is wrong with any bit changed, cut short or made longer', () => {
    for (let bit = 0; bit < mac.length * 8; bit += 1) {
      const other = Buffer.from(mac)
      other[bit >> 3]! ^= 1 << (bit & 7)
      expect(isGood(other.toString('base64url'))).toBe(false)
    }
    expect(isGood('')).toBe(false)
    expect(isGood(mac.subarray(0, -1).toString('base64url'))).toBe(false)
    expect(isGood(Buffer.concat([mac, Buffer.alloc(1)]).toString('base64url'))).toBe(false)
  })

  it('is wrong in letters that share their low bytes with the right ones', () => {
    const wide = text.replaceAll(/./g, (letter) =>
      String.fromCharCode(letter.charCodeAt(0) + 0x100),
    )
    expect(isGood(wide)).toBe(false)
  })
})
