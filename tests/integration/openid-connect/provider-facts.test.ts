import { expect, it } from 'vitest'
import { parsedConfig, testContext } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { openidConnect } from '../../../src/plugins/openid-connect/plugin.ts'
import { Provider } from '../../../src/plugins/openid-connect/provider.ts'
import type { Config } from '../../../src/plugins/openid-connect/schema.ts'
import { startScriptedIssuer } from './scripted-issuer.ts'

it('openid-connect › keys are fetched when they are old, and less often while that fails', async () => {
  await using issuer = await startScriptedIssuer()
  const clock = { ms: Date.UTC(2026, 0, 1) }
  const logged: string[] = []
  const { node } = testContext(openidConnect, { now: () => clock.ms, logged })
  const config = parsedConfig(openidConnect, {
    issuer: issuer.url,
    auth_methods: ['bearer'],
    cache_ttl: 10,
    cache_ttl_resurrect: 3600,
  }) as unknown as Config
  const provider = new Provider(config, node, undefined)
  const fetchedAt = () => provider.known?.fetchedAtMs
  const after = async (seconds: number) => {
    clock.ms += seconds * 1000
    await provider.facts()
  }
  await after(0)
  await after(10)
  await expect.poll(fetchedAt).toBe(clock.ms)
  issuer.isDown = true
  await after(10)
  await expect.poll(() => logged).toHaveLength(1)
  issuer.isDown = false
  const asked = issuer.requests.length
  await after(3599)
  await after(1)
  await expect.poll(fetchedAt).toBe(clock.ms)
  // Metadata and keys, once.
  expect(issuer.requests.length - asked).toBe(2)
  provider.dispose()
})
