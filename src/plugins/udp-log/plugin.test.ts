import { describe, expect, it } from 'vitest'
import { configFaults, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import type { UdpSender } from '../../plugin-kit/udp-sender.ts'
import { udpLog } from './plugin.ts'

const CONFIG = { host: 'logs.test', port: 9999 }

describe('udp-log', () => {
  it('sends an entry, with the fields that are configured', async () => {
    const sent: string[] = []
    const udp: UdpSender = {
      send: async (text, host, port) => void sent.push(`${host}:${port} ${text}`),
    }
    const config = {
      ...CONFIG,
      custom_fields_by_lua: { mine: 'return "x"', client_ip: 'return nil' },
    }
    await testGateway([[udpLog, config]], { node: { keep: (() => udp) as never } }).send()
    const [text = ''] = sent
    expect(text.slice(0, 15)).toBe('logs.test:9999 ')
    expect(JSON.parse(text.slice(15))).toMatchObject({ mine: 'x', response: { status: 200 } })
    expect(text).not.toContain('client_ip')
  })

  it('reports what it cannot send, and answers all the same', async () => {
    const logged: string[] = []
    const udp: UdpSender = { send: () => Promise.reject(new Error('no such host')) }
    const node = { keep: (() => udp) as never }
    const { response } = await testGateway([[udpLog, CONFIG]], { node, logged }).send()
    await new Promise((resolve) => setImmediate(resolve))
    expect([response.status, logged]).toEqual([200, ['udp-log: cannot send to logs.test:9999']])
  })

  it('wants to know where', () => {
    expect(configFaults(udpLog, {})).toEqual([
      'config.host: required field missing',
      'config.port: required field missing',
    ])
  })
})
