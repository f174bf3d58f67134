import { describe, expect, it } from 'vitest'
import { closestWord } from './closest-word.ts'

describe('closestWord()', () => {
  const known = ['key_claim_name', 'claims_to_verify', 'realm', 'ip']

  it.each([
    ['key_claim_nam', 'key_claim_name'],
    ['claim_to_verify', 'claims_to_verify'],
    ['realmm', 'realm'],
    ['raelm', 'realm'],
    ['pi', 'ip'],
  ])('takes %s for %s', (word, meant) => {
    expect(closestWord(word, known)).toBe(meant)
  })

  it.each([['anonymous'], ['xy'], ['']])('has no guess for "%s"', (word) => {
    expect(closestWord(word, known)).toBeUndefined()
  })
})
