import { describe, expect, it } from 'vitest'
import { hasExpired } from './has-expired.ts'

describe('hasExpired', () => {
  it.each([
    ['a row without ttl', {}, false],
    ['a row whose ttl is null', { ttl: null, created_at: 0 }, false],
    ['a ttl that has run out', { ttl: 10, created_at: 90 }, true],
    ['a ttl that has not', { ttl: 11, created_at: 90 }, false],
    ['a time that has come', { expires_at: 100 }, true],
    ['a time to come, whatever the ttl', { expires_at: 101, ttl: 1, created_at: 0 }, false],
    ['a time of retirement that has come', { retires_at: 100 }, true],
    ['one to come', { retires_at: 101 }, false],
    ['one to come, with a ttl that has run out', { retires_at: 101, ttl: 1, created_at: 0 }, true],
  ])('of %s', (_, fields, expected) => {
    expect(hasExpired({ id: 'x', ...fields }, 100_000)).toBe(expected)
  })
})
