import { describe, expect, it } from 'vitest'
import { loadPlugins } from './load-plugins.ts'

const namesOf = async (...plugins: string[]): Promise<readonly string[]> => {
  const loaded = await loadPlugins({ plugins, database: 'off' })
  return loaded.plugins.map(({ name }) => name)
}

describe('loadPlugins', () => {
  it('takes `bundled` for what Kong bundles, and nothing else', async () => {
    const bundled = await namesOf('bundled')
    expect(bundled).toHaveLength(45)
    expect(bundled).not.toContain('openid-connect')
  })

  it('loads others where they are named, in their place by priority', async () => {
    const all = await namesOf('bundled', 'openid-connect')
    const at = all.indexOf('openid-connect')
    expect([all[at - 1], all[at + 1]]).toEqual(['basic-auth', 'hmac-auth'])
    expect(await namesOf('openid-connect', 'acl')).toEqual(['openid-connect', 'acl'])
  })

  it('loads none when they are off', async () => {
    expect(await namesOf('off')).toEqual([])
  })

  it('refuses names that nobody knows', async () => {
    await expect(namesOf('bundled', 'nonsense')).rejects.toThrow("on plugin 'nonsense'")
  })
})
