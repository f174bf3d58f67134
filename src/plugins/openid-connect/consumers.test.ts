import { describe, expect, it } from 'vitest'
import { fakeRecord, fakeSource, type FakeSource } from '../../plugin-kit/testing/fake-source.ts'
import { fakeExchange } from '../../plugin-kit/testing/fake-exchange.ts'
import { parsedConfig, testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { identifier } from './identify.ts'
import { openidConnect } from './plugin.ts'
import type { Config } from './schema.ts'

function identifyWith(consumerSource: FakeSource) {
  const config = parsedConfig(openidConnect, {
    issuer: 'https://login.example.com',
    auth_methods: ['bearer'],
    consumer_claim: ['sub'],
  }) as unknown as Config
  const entities = { consumers: [{ id: 'c-ann', username: 'ann', custom_id: null }] }
  const context = testContext(openidConnect, { entities, node: { consumerSource } })
  const identify = identifier(config, context)
  return async (sub: string) => {
    const exchange = fakeExchange({}, { startedAtMs: 0, recordsDecisions: false })
    const outcome = await identify(exchange, [{ sub }], undefined)
    return outcome ?? exchange.consumer?.username
  }
}

describe('openid-connect with consumers from a source', () => {
  it('asks for whom the configuration does not have, field by field', async () => {
    const source = fakeSource({ 'consumers.username=ada': fakeRecord('ada') })
    const who = identifyWith(source)
    expect(await who('ann')).toBe('ann')
    expect(source.asked).toEqual([])
    expect(await who('ada')).toBe('ada')
    expect(source.asked).toEqual(['consumers.custom_id=ada', 'consumers.username=ada'])
    expect(await who('eve')).toMatchObject({ why: 'no consumer is found by the claim "sub"' })
  })

  it('says that nobody can tell while the source is down', async () => {
    const who = identifyWith(fakeSource({ 'consumers.custom_id=ada': 'unavailable' }))
    expect(await who('ada')).toBe('unavailable')
  })
})
