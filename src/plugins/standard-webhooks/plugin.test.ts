import { createHmac } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { configFaults, TEST_TIME_MS, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { standardWebhooks } from './plugin.ts'

const SECRET = 'a long and secret text'
const ID = 'msg_p5jXN8AQM9LWM0D4loKWxJek'
const NOW = TEST_TIME_MS / 1000
const BODY = '{"type":"invoice.paid"}'

const sign = (timestamp: string | number, { id = ID, body = BODY, secret = SECRET } = {}) =>
  `v1,${createHmac('sha256', secret).update(`${id}.${timestamp}.${body}`).digest('base64')}`

const signed = (timestamp: string | number = NOW, signature = sign(timestamp)) => ({
  'webhook-id': ID,
  'webhook-timestamp': String(timestamp),
  'webhook-signature': signature,
})

const send = (headers: Record<string, string>, body: string = BODY, config: object = {}) =>
  testPlugin(
    standardWebhooks,
    { secret_v1: SECRET, ...config },
    { request: { method: 'POST', headers, body } },
  )

describe('standard-webhooks', () => {
  it.each([
    ['of now', signed()],
    ['as old as it may be', signed(NOW - 300)],
    ['of a time to come', signed(NOW + 90_000)],
    ['whose time has leading zeros', signed(`000${NOW}`, sign(NOW))],
    ['whose time has a fraction', signed(`${NOW}.50`, sign(`${NOW}.5`))],
  ])('lets a webhook %s through, with its body', async (_what, headers) => {
    const { answer, upstream } = await send(headers)
    expect(answer).toBeUndefined()
    expect(upstream.body).toBe(BODY)
  })

  it.each([
    ['nothing', {}],
    ['no id', { ...signed(), 'webhook-id': undefined }],
    ['no time', { ...signed(), 'webhook-timestamp': undefined }],
    ['no signature', { ...signed(), 'webhook-signature': undefined }],
    ['another id', { ...signed(), 'webhook-id': 'msg_other' }],
    ['a time that is too old', signed(NOW - 301)],
    ['a time that is no number', signed('yesterday')],
    ['a time in hexadecimal', signed(`0x${NOW.toString(16)}`, sign(NOW))],
    ['the signature of another secret', signed(NOW, sign(NOW, { secret: 'other' }))],
    ['the signature of another body', signed(NOW, sign(NOW, { body: '{}' }))],
    ['no version', signed(NOW, sign(NOW).slice(3))],
    ['two signatures', signed(NOW, `${sign(NOW)} ${sign(NOW)}`)],
  ])('refuses a webhook with %s', async (_what, given) => {
    const headers = Object.entries(given).filter((pair): pair is [string, string] => !!pair[1])
    const { answer } = await send(Object.fromEntries(headers))
    expect(answer).toMatchObject({ kind: 'error', status: 400 })
    expect(answer).not.toHaveProperty('message')
  })

  it('refuses a webhook without a body', async () => {
    const { answer } = await send(signed(NOW, sign(NOW, { body: '' })), '')
    expect(answer).toMatchObject({ kind: 'error', status: 400 })
  })

  it('takes older ones when it is told to', async () => {
    const { answer } = await send(signed(NOW - 4000), BODY, { tolerance_second: 4000 })
    expect(answer).toBeUndefined()
  })

  it.each([
    [{}, 'config.secret_v1: required field missing'],
    [
      { secret_v1: SECRET, tolerance_second: -1 },
      'config.tolerance_second: value must be greater than -1',
    ],
    [{ secret_v1: SECRET, tolerance_second: 1.5 }, 'config.tolerance_second: expected an integer'],
    [
      { secret_v1: SECRET, tolerance_second: null },
      'config.tolerance_second: required field missing',
    ],
  ])('refuses the config %j', (config, fault) => {
    expect(configFaults(standardWebhooks, config)).toEqual([fault])
  })
})
