import { describe, expect, it } from 'vitest'
import { fakeExchange, type FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { askedFor, withArguments } from './own-urls.ts'

const requestOf = (given: FakeRequest): ClientRequest =>
  fakeExchange(given, { startedAtMs: 0, recordsDecisions: false }).request

describe('askedFor', () => {
  it.each([
    ['/a?b=1', '/a?b=1'],
    ['/a', '/a'],
    [`/a?${'b'.repeat(3000)}`, '/a'],
    [`/${'a'.repeat(3000)}`, '/'],
  ])('fits into a cookie', (path, kept) => {
    expect(askedFor(requestOf({ path }))).toBe(kept)
  })
})

describe('withArguments', () => {
  it('keeps what is there', () => {
    expect(withArguments('https://x.test/a?b=1', { c: 'd e' })).toBe('https://x.test/a?b=1&c=d+e')
    expect(withArguments('https://x.test/a?b=1', { c: 'd e' }, 'fragment')).toBe(
      'https://x.test/a?b=1#c=d+e',
    )
  })
})
