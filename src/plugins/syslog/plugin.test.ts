import { describe, expect, it } from 'vitest'
import { configFaults, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import type { LocalSyslog } from './local-syslog.ts'
import { syslog } from './plugin.ts'

async function written(config: Record<string, unknown>, status = 200): Promise<readonly number[]> {
  const priorities: number[] = []
  const daemon: LocalSyslog = { write: (priority) => void priorities.push(priority) }
  const node = { keep: (() => daemon) as never }
  await testGateway([[syslog, config]], { node }).send({ reply: { status } })
  return priorities
}

describe('syslog', () => {
  it.each([
    [{}, 200, 14],
    [{ facility: 'kern' }, 200, 6],
    [{ facility: 'local7', server_errors_severity: 'crit' }, 502, 23 * 8 + 2],
    [{ facility: 'authpriv', client_errors_severity: 'warning' }, 404, 10 * 8 + 4],
  ])('with %j gives status %i the priority %i', async (config, status, priority) => {
    expect(await written(config, status)).toEqual([priority])
  })

  it('keeps back what is not severe enough', async () => {
    expect(await written({ log_level: 'err' }, 200)).toEqual([])
  })

  it('refuses other facilities', () => {
    expect(configFaults(syslog, { facility: 'local8' })).toHaveLength(1)
  })
})
