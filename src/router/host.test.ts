import { describe, expect, it } from 'vitest'
import { hostName, hostPattern, hostPort, nameFits, splitHost } from './host.ts'

describe(splitHost, () => {
  it.each([
    ['a.test', 'a.test', undefined],
    ['a.test:8000', 'a.test', 8000],
    ['[::1]', '[::1]', undefined],
    ['[::1]:8000', '[::1]', 8000],
    ['a.test:', 'a.test:', undefined],
    ['a.test:80x', 'a.test:80x', undefined],
    ['a:1:2', 'a:1:2', undefined],
    [':80', ':80', undefined],
    ['', '', undefined],
  ])('takes %s apart', (host, name, port) => {
    expect(splitHost(host)).toEqual({ name, port })
    expect(hostName(host)).toBe(name)
    expect(hostPort(host)).toBe(port)
  })
})

describe(hostPattern, () => {
  it.each([
    ['a.test', 'a.test', true],
    ['a.test', 'A.test', false],
    ['a.test', 'b.a.test', false],
    ['*.a.test', 'b.a.test', true],
    ['*.a.test', 'c.b.a.test', true],
    ['*.a.test', 'a.test', false],
    ['a.*', 'a.org', true],
    ['a.*', 'a.co.uk', true],
    ['a.*', 'b.a.org', false],
    ['*.a.test:8000', 'b.a.test', true],
  ])('%s and %s: %s', (configured, name, fits) => {
    expect(nameFits(name, hostPattern(configured))).toBe(fits)
  })
})
