import { describe, expect, it } from 'vitest'
import { fakeEntities } from '../../plugin-kit/testing/fake-entities.ts'
import { fakeRecord, fakeSource, type FakeSource } from '../../plugin-kit/testing/fake-source.ts'
import { testGateway, TEST_TIME_MS } from '../../plugin-kit/testing/test-plugin.ts'
import { explainDecision } from './explain-decision.ts'
import { jwt } from './plugin.ts'
import { jwkFor, keysFor, SECRET, token } from './testing/tokens.ts'

const NOW = TEST_TIME_MS / 1000
const ISSUER = 'https://issuer.test/'

const CREDENTIAL = { key: 'ada-key', secret: SECRET, algorithm: 'HS256', rsa_public_key: null }
const OF_ADA = 'jwt_secrets.key=ada-key'

function gatewayWith(consumerSource: FakeSource | undefined, config: object = {}) {
  const node = consumerSource === undefined ? {} : { consumerSource }
  const entities = { consumers: [{ id: 'c-ann', username: 'ann' }], jwt_secrets: [] }
  const gateway = testGateway([[jwt, { ...config }]], { entities, node })
  return async (text: string) => {
    const { answer, consumer } = await gateway.send({
      headers: { Authorization: `Bearer ${text}` },
    })
    return answer === undefined ? consumer?.username : [answer.status, answer.message]
  }
}

const ofCredential = () => token({ alg: 'HS256', claims: { iss: 'ada-key' }, key: SECRET })

describe('jwt with credentials from a source', () => {
  it('verifies a token by a credential that the configuration does not have', async () => {
    const source = fakeSource({ [OF_ADA]: fakeRecord('ada', CREDENTIAL) })
    const send = gatewayWith(source)
    expect(await send(ofCredential())).toBe('ada')
    const forged = token({ alg: 'HS256', claims: { iss: 'ada-key' }, key: 'guessed' })
    expect(await send(forged)).toEqual([401, 'Invalid signature'])
    const stranger = token({ alg: 'HS256', claims: { iss: 'eve' }, key: SECRET })
    expect(await send(stranger)).toEqual([401, "No credentials found for given 'iss'"])
  })

  it('answers 503 while nobody can say whose a token is', async () => {
    const send = gatewayWith(fakeSource({ [OF_ADA]: 'unavailable' }))
    expect(await send(ofCredential())).toEqual([503, 'Cannot look up credentials now'])
  })

  it('explains that, step by step', async () => {
    const consumerSource = fakeSource({ [OF_ADA]: 'unavailable' })
    const setting = { node: { consumerSource }, recordsDecisions: true }
    const headers = { Authorization: `Bearer ${ofCredential()}` }
    const { exchange } = await testGateway([[jwt, {}]], setting).send({ headers })
    const [decision] = exchange.noted
    const { checks, fix } = explainDecision(decision!, fakeEntities({}))
    expect(checks.at(-1)).toMatchObject({
      name: 'key',
      verdict: 'the consumer_source has no answer',
    })
    expect(fix).toContain('see whether the consumer_source can be reached')
  })

  it('keeps what it verified no longer than the credential is known', async () => {
    const record = fakeRecord('ada', CREDENTIAL)
    const source = fakeSource({ [OF_ADA]: record })
    const send = gatewayWith(source)
    const text = ofCredential()
    for (let round = 0; round < 5; round += 1) expect(await send(text)).toBe('ada')
    // Twice, until the token was worth keeping.
    expect(source.asked).toEqual([OF_ADA, OF_ADA])

    source.records.delete(OF_ADA)
    record.usableUntil = 0
    expect(await send(text)).toEqual([401, "No credentials found for given 'iss'"])
  })
})

describe('jwt with consumers of issuers from a source', () => {
  const keys = { keys: [jwkFor('RS256', { kid: 'rsa' })] }
  const issuerOf = (more: object) => ({
    issuers: [{ issuer: ISSUER, jwks: keys, consumer_claim: 'sub', ...more }],
  })
  const issued = (sub: string) =>
    token({
      alg: 'RS256',
      claims: { iss: ISSUER, sub, exp: NOW + 60 },
      key: keysFor('RS256').privateKey,
    })

  it('asks for one field after the other, and only for whom the configuration does not have', async () => {
    const source = fakeSource({ 'consumers.username=ada': fakeRecord('ada') })
    const send = gatewayWith(source, issuerOf({ consumer_by: ['custom_id', 'username'] }))
    expect(await send(issued('ada'))).toBe('ada')
    expect(source.asked).toEqual(['consumers.custom_id=ada', 'consumers.username=ada'])
    expect(await send(issued('ann'))).toBe('ann')
    expect(source.asked).toHaveLength(2)
    expect(await send(issued('eve'))).toEqual([403, 'No consumer for this token'])
  })

  it('answers 503 while nobody can say who it is', async () => {
    const source = fakeSource({ 'consumers.username=ada': 'unavailable' })
    const send = gatewayWith(source, issuerOf({ consumer_by: ['username'] }))
    expect(await send(issued('ada'))).toEqual([503, 'Cannot look up consumers now'])
  })

  it('keeps what it verified no longer than the consumer is known', async () => {
    const record = fakeRecord('ada')
    const source = fakeSource({ 'consumers.username=ada': record })
    const send = gatewayWith(source, issuerOf({ consumer_by: ['username'] }))
    const text = issued('ada')
    for (let round = 0; round < 5; round += 1) expect(await send(text)).toBe('ada')
    expect(source.asked).toHaveLength(2)
    source.records.delete('consumers.username=ada')
    record.usableUntil = 0
    expect(await send(text)).toEqual([403, 'No consumer for this token'])
  })
})
