import { describe, expect, it } from 'vitest'
import {
  configFaults,
  testContext,
  testGateway,
  testPlugin,
} from '../../plugin-kit/testing/test-plugin.ts'
import { botDetection } from './plugin.ts'

const FIREFOX = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'
const from = (agent: string) => ({ request: { headers: { 'User-Agent': agent } } })

describe('bot-detection', () => {
  it.each([
    'Googlebot/2.1',
    'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)',
    'Mozilla/5.0 (compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)',
    'facebookexternalhit/1.1',
    'Pingdom.com_bot_version_1.4',
    'Twitterbot/1.0',
    'Python-urllib/3.12',
    'Go-http-client/1.1',
    'okhttp/4.12.0',
    'axios',
    'Apache-HttpClient/4.5 (Java/17)',
    'my-own-crawler/1.0',
    'Acme Spider',
    'GPTBot/1.0',
    'bot/1.0',
    'link-archiver/1',
    'aws-sdk-go/1.44',
    'WordPress/6.0',
  ])('refuses %s', async (agent) => {
    const { answer } = await testPlugin(botDetection, {}, from(agent))
    expect(answer).toMatchObject({ kind: 'error', status: 403 })
    expect(answer?.message).toBeUndefined()
  })

  it.each([
    FIREFOX,
    'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Safari/605.1.15',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36 Edg/140.0.0.0',
    'curl/8.5.0',
    'Wget/1.21',
    'python-requests/2.32.0',
    'PostmanRuntime/7.43.0',
    'Java/17',
    'node-fetch/1.0',
    'my-client/1',
    'StatusCake',
    'bot',
    'unit',
    'Cubot X20 Phone',
  ])('lets %s through', async (agent) => {
    expect((await testPlugin(botDetection, {}, from(agent))).answer).toBeUndefined()
  })

  it('lets requests through that do not say what they come from', async () => {
    expect((await testPlugin(botDetection)).answer).toBeUndefined()
  })

  it.each([
    [{ deny: ['^evil'] }, 'evil/1', 403],
    [{ deny: ['^evil'] }, 'not evil', undefined],
    [{ deny: ['Firefox'] }, FIREFOX, 403],
    [{ allow: ['Googlebot'] }, 'Googlebot/2.1', undefined],
    [{ allow: ['evil'], deny: ['evil'] }, 'evil', undefined],
    [{ deny: ['^evil'] }, '  evil', 403],
  ])('with %j answers %s with %s', async (config, agent, status) => {
    expect((await testPlugin(botDetection, config, from(agent))).answer?.status).toBe(status)
  })

  it('decides alike the second time', async () => {
    const gateway = testGateway([[botDetection, {}]])
    const request = from('Googlebot/2.1').request
    const statuses = [await gateway.send(request), await gateway.send(request)]
    expect(statuses.map(({ answer }) => answer?.status)).toEqual([403, 403])
  })

  it.each([
    ['a decision is remembered', 512, 1],
    ['but not of a user agent longer than real ones', 513, 2],
  ])('%s', async (_, length, judged) => {
    const { node } = testContext(botDetection)
    const found: string[] = []
    const isFoundIn = (agent: string) => found.push(agent) === 0
    node.keep('bot-detection', () => [{ isFoundIn }])
    const gateway = testGateway([[botDetection, {}]], { node })
    const { request } = from('x'.repeat(length))
    await gateway.send(request)
    await gateway.send(request)
    expect(found).toHaveLength(judged)
  })

  it('refuses two user agents, of which an upstream might see the other', async () => {
    const headers = [
      ['User-Agent', FIREFOX],
      ['User-Agent', 'Googlebot'],
    ] as const
    const { answer } = await testPlugin(botDetection, {}, { request: { headers } })
    expect(answer).toMatchObject({ status: 400, message: 'Only one User-Agent header allowed' })
  })

  it('refuses a pattern that is none', () => {
    expect(configFaults(botDetection, { deny: ['[a'] })).toEqual([
      'config.deny.0: not a valid regex: [a',
    ])
  })
})
