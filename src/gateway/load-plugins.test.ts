import { describe, expect, it } from 'vitest'
import { loadPlugins } from './load-plugins.ts'

const namesOf = (...plugins: string[]): readonly string[] =>
  loadPlugins({ plugins, database: 'off' }).plugins.map(({ name }) => name)

describe('loadPlugins', () => {
  it('takes `bundled` for what Kong bundles, and nothing else', () => {
    const bundled = namesOf('bundled')
    expect(bundled).toHaveLength(45)
    expect(bundled).not.toContain('openid-connect')
  })

  it('loads others where they are named, in their place by priority', () => {
    const all = namesOf('bundled', 'openid-connect')
    const at = all.indexOf('openid-connect')
    expect([all[at - 1], all[at + 1]]).toEqual(['basic-auth', 'hmac-auth'])
    expect(namesOf('openid-connect', 'acl')).toEqual(['openid-connect', 'acl'])
  })

  it('loads none when they are off', () => {
    expect(namesOf('off')).toEqual([])
  })

  it('refuses names that nobody knows', () => {
    expect(() => namesOf('bundled', 'nonsense')).toThrow("on plugin 'nonsense'")
  })
})
