import { describe, expect, it } from 'vitest'
import { decodeToken } from './decode-token.ts'

function part(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString('base64url')
}

describe('decodeToken', () => {
  it('does not take what is remembered of one header for another with the same low bytes', () => {
    const token = `${part({ alg: 'HS256', of: 'a test' })}.${part({ iss: 'a' })}.AAAA`
    // `ť`, U+0165, has the low byte of `e`; queries can say it.
    const forged = token.replace('e', 'ť')
    expect(decodeToken(forged)).toMatchObject({ why: 'its header is not base64url' })
    expect(decodeToken(token)).toMatchObject({ algorithmName: 'HS256', claims: { iss: 'a' } })
    expect(decodeToken(forged)).toMatchObject({ why: 'its header is not base64url' })
  })

  it('takes the last of a name that is twice in the header, and says so whenever it comes', () => {
    const tokenWith = (header: string): string =>
      `${Buffer.from(header).toString('base64url')}.${part({})}.AAAA`
    const good = tokenWith('{"alg":"none","alg":"HS256"}')
    const bad = tokenWith('{"alg":"HS256","alg":"none"}')
    for (let times = 0; times < 2; times += 1) {
      expect(decodeToken(good)).toMatchObject({ algorithmName: 'HS256', isHeaderAmbiguous: true })
      expect(decodeToken(bad)).toMatchObject({ fault: 'invalid alg' })
    }
    expect(decodeToken(tokenWith('{"alg":"HS256"}'))).toMatchObject({ isHeaderAmbiguous: false })
  })
})
