import { describe, expect, it } from 'vitest'
import { isPrivateAddress } from './private-addresses.ts'

describe('isPrivateAddress', () => {
  it.each([
    '0.0.0.0',
    '10.1.2.3',
    '100.64.0.1',
    '127.0.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.168.1.1',
    '224.0.0.1',
    '255.255.255.255',
    '::',
    '::1',
    '::ffff:127.0.0.1',
    '::ffff:7f00:1',
    '::ffff:a00:1',
    '64:ff9b::7f00:1',
    'fd00::1',
    'fe80::1',
    'ff02::1',
    '2002:7f00:1::',
  ])('%s is one', (ip) => {
    expect(isPrivateAddress(ip)).toBe(true)
  })

  it.each(['1.1.1.1', '172.32.0.1', '192.0.3.1', '8.8.8.8', '2606:4700::1111', '::ffff:8.8.8.8'])(
    '%s is none',
    (ip) => {
      expect(isPrivateAddress(ip)).toBe(false)
    },
  )
})
