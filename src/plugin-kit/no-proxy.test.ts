import { describe, expect, it } from 'vitest'
import { bypassRule, noProxyFault } from './no-proxy.ts'

const LIST = 'Intern.test, .dot.test *.star.test,host.test:8443 10.0.0.0/8,127.0.0.1 ::1,[fd00::]/8'

describe('bypassRule', () => {
  it.each([
    ['https://intern.test/a', true],
    ['https://login.intern.test', true],
    ['https://login.intern.test.', true],
    ['https://notintern.test', false],
    ['https://intern.test.evil.test', false],
    ['http://dot.test', true],
    ['http://a.dot.test', true],
    ['http://a.star.test', true],
    ['https://host.test:8443', true],
    ['https://host.test', false],
    ['http://10.1.2.3:81', true],
    ['http://11.1.2.3', false],
    ['http://127.0.0.1:9000', true],
    ['http://[::1]:9000', true],
    ['http://[::2]', false],
  ])('takes %s past a proxy: %s', (url, bypasses) => {
    expect(bypassRule(LIST.replace(',[fd00::]/8', ''))(new URL(url))).toBe(bypasses)
  })

  it('takes ports that stand for a scheme as they are', () => {
    const rule = bypassRule('a.test:443')
    expect(['https://a.test', 'http://a.test'].map((url) => rule(new URL(url)))).toEqual([
      true,
      false,
    ])
  })

  it.each([
    ['*', true],
    ['a.test, *', true],
    ['', false],
  ])('takes with %j anything past it: %s', (list, bypasses) => {
    expect(bypassRule(list)(new URL('https://x.test'))).toBe(bypasses)
  })
})

describe('noProxyFault', () => {
  it.each([
    ['', undefined],
    ['*', undefined],
    ['a.test,10.0.0.0/8 ::1', undefined],
    [LIST, "'[fd00::]/8' is no host, address or range; separate them by commas"],
    ['a.test;b.test', "'a.test;b.test' is no host, address or range; separate them by commas"],
    ['10.0.0.0/33', "'10.0.0.0/33' is no host, address or range; separate them by commas"],
    ['https://a.test', "'https://a.test' is no host, address or range; separate them by commas"],
  ])('has against %j: %s', (list, fault) => {
    expect(noProxyFault(list)).toBe(fault)
  })
})
