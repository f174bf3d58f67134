import { describe, expect, it } from 'vitest'
import { configFaults, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import type { UdpSender } from '../../plugin-kit/udp-sender.ts'
import { loggly } from './plugin.ts'

async function sent(config: Record<string, unknown>, status = 200): Promise<readonly string[]> {
  const texts: string[] = []
  const udp: UdpSender = {
    send: async (text, host, port) => void texts.push(`${host}:${port} ${text}`),
  }
  const node = { keep: (() => udp) as never }
  await testGateway([[loggly, { key: 'k', ...config }]], { node }).send({ reply: { status } })
  return texts
}

describe('loggly', () => {
  it('sends an entry as RFC 5424 has it', async () => {
    const [text] = await sent({ tags: ['kong', 'a"b]'] })
    expect(text).toMatch(
      /^logs-01\.loggly\.com:514 <14>1 2026-01-01T00:00:00\.000Z test kong - - \[k@41058 tag="kong" tag="a\\"b\\]"\] \{"request":/,
    )
  })

  it.each([
    [200, 'notice', '<13>'],
    [404, 'warning', '<12>'],
    [503, 'err', '<11>'],
  ])('gives status %i the severity %s', async (status, severity, priority) => {
    const config = {
      successful_severity: severity,
      client_errors_severity: severity,
      server_errors_severity: severity,
    }
    expect((await sent(config, status))[0]).toContain(` ${priority}1 `)
  })

  it('keeps back what is not severe enough', async () => {
    const config = { log_level: 'warning', server_errors_severity: 'err' }
    expect(await sent(config, 200)).toEqual([])
    expect(await sent(config, 500)).toHaveLength(1)
  })

  it('wants a key', () => {
    expect(configFaults(loggly, {})).toEqual(['config.key: required field missing'])
  })
})
