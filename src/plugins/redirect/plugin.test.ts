import { describe, expect, it } from 'vitest'
import { configFaults, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { redirect } from './plugin.ts'

const NEW = 'https://example.com/new?old=1#part'

describe('redirect', () => {
  it.each([
    [{ location: NEW }, '/x?a=1', 301, NEW],
    [{ location: 'https://example.com', status_code: 307 }, '/x', 307, 'https://example.com'],
    [
      { location: NEW, keep_incoming_path: true },
      '/x/y?a=1',
      301,
      'https://example.com/x/y?a=1#part',
    ],
    [{ location: NEW, keep_incoming_path: true }, '/x', 301, 'https://example.com/x#part'],
    [
      { location: NEW, keep_incoming_path: true },
      `/${Buffer.from('ä').toString('latin1')} b`,
      301,
      'https://example.com/%C3%A4%20b#part',
    ],
    [
      { location: NEW, keep_incoming_path: true },
      '//evil.test/x',
      301,
      'https://example.com//evil.test/x#part',
    ],
  ])('with %j sends %s with %i to %s', async (config, path, status, location) => {
    const { answer } = await testPlugin(redirect, config, { request: { path } })
    expect(answer).toMatchObject({
      kind: 'exit',
      status,
      headers: { location },
      body: 'redirecting',
    })
  })

  it.each([
    [{}, 'config.location: required field missing'],
    [{ location: '/x' }, 'config.location: missing host in url'],
    [{ location: '//example.com' }, 'config.location: missing scheme in url'],
    [
      { location: NEW, status_code: 600 },
      'config.status_code: value should be between 100 and 599',
    ],
  ])('refuses the config %j', (config, fault) => {
    expect(configFaults(redirect, config)).toEqual([fault])
  })
})
