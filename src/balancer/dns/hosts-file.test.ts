import { describe, expect, it } from 'vitest'
import { parseHostsFile } from './hosts-file.ts'

describe('parseHostsFile()', () => {
  it('takes the first address of each family for a name', () => {
    const hosts = parseHostsFile(`
      192.0.2.1  One one.test  # a comment
      192.0.2.2  one
      ::1        one
      fe80::1%lo0 link
      not-an-ip  other
      # 192.0.2.9 hidden`)
    expect(hosts.get('one')).toEqual({ ipv4: '192.0.2.1', ipv6: '::1' })
    expect(hosts.get('one.test')).toEqual({ ipv4: '192.0.2.1', ipv6: undefined })
    expect(hosts.get('link')).toEqual({ ipv4: undefined, ipv6: 'fe80::1' })
    expect(hosts.has('other')).toBe(false)
    expect(hosts.has('hidden')).toBe(false)
  })

  it('knows localhost even so', () => {
    expect(parseHostsFile('').get('localhost')).toEqual({ ipv4: '127.0.0.1', ipv6: '::1' })
    expect(parseHostsFile('127.0.0.2 localhost').get('localhost')!.ipv4).toBe('127.0.0.2')
  })
})
