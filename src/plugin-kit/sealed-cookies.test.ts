import { randomBytes } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { sealedCookies } from './sealed-cookies.ts'
import { sealWith } from './sealed.ts'
import { fakeExchange } from './testing/fake-exchange.ts'

const cookies = sealedCookies('s', sealWith('secret', 'purpose'))
const attributes = { path: '/', sameSite: 'Lax', secure: true, httpOnly: true } as const

function requestWith(jar: Readonly<Record<string, string>>) {
  const Cookie = Object.entries(jar)
    .map(([name, value]) => `${name}=${value}`)
    .join('; ')
  return fakeExchange({ headers: { Cookie } }, { startedAtMs: 0, recordsDecisions: false }).request
}

/** What a browser has after it got the lines. */
function after(lines: readonly string[], jar: Readonly<Record<string, string>> = {}) {
  const left = new Map(Object.entries(jar))
  for (const line of lines) {
    const [name, value] = line.split(';')[0]!.split('=') as [string, string]
    if (line.includes('Max-Age=0')) left.delete(name)
    else left.set(name, value)
  }
  return Object.fromEntries(left)
}

const keep = (text: string, jar: Readonly<Record<string, string>> = {}) =>
  after(cookies.lines(text, { request: requestWith(jar), attributes }), jar)

/** A text that no compression makes shorter. */
const long = (bytes: number): string => randomBytes(bytes).toString('base64')

describe('sealedCookies', () => {
  it.each(['', 'short', 'ä'.repeat(5000), long(3500)])('gives back what it was given', (text) => {
    expect(cookies.read(requestWith(keep(text)))).toBe(text)
  })

  it('uses a second cookie where one is too short, and takes it away when it is not needed', () => {
    const jar = keep(long(4000))
    expect(Object.keys(jar)).toEqual(['s', 's2'])
    for (const value of Object.values(jar)) expect(value.length).toBeLessThan(4096)
    expect(Object.keys(keep('short', jar))).toEqual(['s'])
    const ended = cookies.endedLines({ request: requestWith(jar), attributes })
    expect(after(ended, jar)).toEqual({})
  })

  it('refuses what no browser would send back', () => {
    expect(() => keep(long(7000))).toThrow(RangeError)
  })

  it('reads nothing that is not whole, or not of one piece', () => {
    const [one, other] = [keep(long(4000)), keep(long(4000))]
    expect(cookies.read(requestWith({ s: one['s']! }))).toBeUndefined()
    expect(cookies.read(requestWith({ ...one, s2: other['s2']! }))).toBeUndefined()
    expect(cookies.read(requestWith({ s: '9.x' }))).toBeUndefined()
    expect(cookies.read(requestWith({}))).toBeUndefined()
  })

  it('adds what the attributes say', () => {
    const [line] = cookies.lines('x', {
      request: requestWith({}),
      attributes: { ...attributes, domain: 'x.test' },
      lasts: { seconds: 60, from: 0 },
    })
    expect(line).toMatch(
      /^s=1\.[\w-]+; Path=\/; Domain=x\.test; SameSite=Lax; Secure; HttpOnly; Expires=Thu, 01 Jan 1970 00:01:00 GMT; Max-Age=60$/,
    )
  })
})
