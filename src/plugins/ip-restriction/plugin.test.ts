import { describe, expect, it } from 'vitest'
import { fakeSession } from '../../plugin-kit/testing/fake-session.ts'
import {
  configFaults,
  testPlugin,
  parsedConfig,
  testContext,
} from '../../plugin-kit/testing/test-plugin.ts'
import { ipRestriction } from './plugin.ts'

describe('ip-restriction', () => {
  it.each([
    [{ allow: ['127.0.0.1'] }, '127.0.0.1', undefined],
    [{ allow: ['10.0.0.0/8'] }, '127.0.0.1', 403],
    [{ allow: ['10.0.0.0/8'] }, '10.255.0.9', undefined],
    [{ deny: ['127.0.0.0/8'] }, '127.9.9.9', 403],
    [{ deny: ['127.0.0.0/8'] }, '128.0.0.1', undefined],
    [{ allow: ['127.0.0.0/8'], deny: ['127.0.0.1'] }, '127.0.0.1', 403],
    [{ allow: ['127.0.0.0/8'], deny: ['127.0.0.1'] }, '127.0.0.2', undefined],
    [{ allow: [], deny: ['1.1.1.1'] }, '2.2.2.2', undefined],
    [{ deny: ['0.0.0.0/0'] }, '9.9.9.9', 403],
    [{ deny: ['0.0.0.0/0'] }, '2001:db8::1', undefined],
    [{ deny: ['::/0'] }, '2001:db8::1', 403],
    [{ allow: ['2001:db8::/32'] }, '2001:0DB8:0:0::1', undefined],
    [{ deny: ['127.0.0.1'] }, '::ffff:127.0.0.1', 403],
    [{ deny: ['127.0.0.0/8'], status: 404 }, '127.0.0.1', 404],
    [{ allow: ['127.0.0.1'] }, 'unix:', 403],
  ])('with %j answers %s with %s', async (config, ip, status) => {
    const { answer } = await testPlugin(ipRestriction, config, { request: { ip } })
    expect(answer?.status).toBe(status)
  })

  it('names the address, or says what is configured', async () => {
    const named = await testPlugin(ipRestriction, { deny: ['127.0.0.1'] })
    expect(named.answer).toMatchObject({
      kind: 'error',
      message: 'IP address not allowed: 127.0.0.1',
    })
    const own = await testPlugin(ipRestriction, { deny: ['127.0.0.1'], message: 'go away' })
    expect(own.answer).toMatchObject({ message: 'go away' })
  })

  it('looks at streams too', async () => {
    const config = parsedConfig(ipRestriction, { deny: ['127.0.0.1'] })
    const handlers = ipRestriction.create(config as never, testContext(ipRestriction))
    expect(await handlers.preread?.(fakeSession({ ip: '127.0.0.1' }))).toMatchObject({
      status: 403,
    })
    expect(await handlers.preread?.(fakeSession({ ip: '127.0.0.2' }))).toBeUndefined()
  })

  it.each([
    [{}, "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"],
    [{ allow: ['x'] }, "config.allow.0: invalid ip or cidr range: 'x'"],
    [{ deny: ['1.2.3.4/33'] }, "config.deny.0: invalid ip or cidr range: '1.2.3.4/33'"],
    [{ deny: ['1.2.3.4/8/8'] }, "config.deny.0: invalid ip or cidr range: '1.2.3.4/8/8'"],
  ])('refuses the config %j', (config, fault) => {
    expect(configFaults(ipRestriction, config)).toEqual([fault])
  })
})
