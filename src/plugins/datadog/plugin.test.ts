import { describe, expect, it } from 'vitest'
import type { Measured } from '../../plugin-kit/measured.ts'
import { configFaults, parsedConfig, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import type { UdpSender } from '../../plugin-kit/udp-sender.ts'
import { metricLines } from './metric-lines.ts'
import { datadog } from './plugin.ts'
import type { Config } from './schema.ts'

const MEASURED: Measured = {
  status: 200,
  requestBytes: 100,
  responseBytes: 200,
  latencyMs: 9,
  upstreamLatencyMs: -1,
  kongLatencyMs: 2,
  consumer: { id: 'c', username: 'ann', custom_id: 'a-b', tags: null },
  routeId: 'r',
  routeName: undefined,
  service: { id: 's', name: 'my.service', host: 'up.test' },
}

const linesOf = (config: Record<string, unknown> = {}, more: Partial<Measured> = {}) =>
  metricLines({ ...MEASURED, ...more }, parsedConfig(datadog, config) as unknown as Config)

describe('datadog › lines', () => {
  it('say everything that happened by default', () => {
    const tags = '#name:my_service,status:200,consumer:a_b,app:kong'
    expect(linesOf()).toEqual([
      `kong.request.count:1|c|${tags}`,
      `kong.latency:9|ms|${tags}`,
      `kong.request.size:100|ms|${tags}`,
      `kong.response.size:200|ms|${tags}`,
      `kong.kong_latency:2|ms|${tags}`,
    ])
  })

  it.each([
    [
      {},
      { service: undefined, consumer: undefined },
      'kong.request.count:1|c|#name:,status:200,app:kong',
    ],
    [
      { prefix: 'p', service_name_tag: 'svc', status_tag: 'code', consumer_tag: 'who' },
      {},
      'p.request.count:1|c|#svc:my_service,code:200,who:a_b,app:kong',
    ],
    [
      {
        metrics: [
          {
            name: 'request_count',
            stat_type: 'distribution',
            sample_rate: 0.5,
            consumer_identifier: 'username',
          },
        ],
      },
      {},
      'kong.request.count:1|d|@0.5|#name:my_service,status:200,consumer:ann',
    ],
  ])('with %j', (config, more, expected) => {
    expect(linesOf(config, more)[0]).toBe(expected)
  })
})

describe('datadog', () => {
  it('sends a datagram for each metric', async () => {
    const sent: string[] = []
    const udp: UdpSender = { send: async (text) => void sent.push(text) }
    const keep = (name: string, make: () => unknown) => (name === 'udp' ? udp : make())
    await testGateway([[datadog, {}]], { node: { keep: keep as never } }).send()
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent[0]).toBe('kong.request.count:1|c|#name:,status:200,app:kong')
  })

  it('refuses a tag without a value', () => {
    const metrics = [{ name: 'latency', stat_type: 'timer', tags: ['app:'] }]
    expect(configFaults(datadog, { metrics })).toHaveLength(1)
  })
})
