import { describe, expect, it } from 'vitest'
import { hostFacts, hostNameOf } from './host-facts.ts'

describe('the name in a Host', () => {
  it.each([
    ['Shop.Example.org', 'shop.example.org'],
    ['shop.example.org:8080', 'shop.example.org'],
    ['shop.example.org.', 'shop.example.org'],
    ['shop.example.org.:8080', 'shop.example.org'],
    ['[2001:DB8::1]', '[2001:db8::1]'],
    ['[::1]:8000', '[::1]'],
    ['127.0.0.1:', '127.0.0.1'],
  ])('%s is %s', (host, name) => {
    expect(hostNameOf(host)).toBe(name)
  })

  it('keeps the bytes of letters beyond ASCII', () => {
    const bytes = Buffer.from('CAFÉ.example').toString('latin1')
    expect(hostNameOf(bytes)).toBe(bytes.replace('CAF', 'caf'))
  })
})

describe('whether a Host names one host', () => {
  it.each(['a', 'a.', '.a', 'a:80', 'a:', '[::1]', '[::1]:80', 'a_b', 'a,b'])('%s does', (host) => {
    expect(hostFacts(host).isValid).toBe(true)
  })

  it.each(['', '.', ':80', 'a..b', 'a b', 'u@a', 'a/b', 'a?b', 'a:b', 'a:1:2', '[::1', '[::1]x'])(
    '"%s" does not',
    (host) => {
      expect(hostFacts(host).isValid).toBe(false)
    },
  )
})
