import { describe, expect, it } from 'vitest'
import { parseResolvConf } from './resolv-conf.ts'

describe('parseResolvConf()', () => {
  it('has defaults for all that is not there', () => {
    expect(parseResolvConf('')).toEqual({
      servers: [],
      search: [],
      ndots: 1,
      timeoutMs: 2000,
      attempts: 5,
      rotates: false,
    })
  })

  it('reads servers, the last search list and options', () => {
    const text = `
      # a comment
      nameserver 192.0.2.1
      nameserver 2001:db8::1 ; another
      nameserver not-an-address
      domain first.test
      search A.test. b.test
      options ndots:3 timeout:1 attempts:2 rotate edns0 ndots:x
      sortlist 192.0.2.0`
    expect(parseResolvConf(text)).toEqual({
      servers: ['192.0.2.1', '2001:db8::1'],
      search: ['a.test', 'b.test'],
      ndots: 3,
      timeoutMs: 1000,
      attempts: 2,
      rotates: true,
    })
  })
})
