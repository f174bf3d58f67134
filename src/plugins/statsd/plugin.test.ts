import { describe, expect, it } from 'vitest'
import type { Route, Service } from '../../entities/entity.ts'
import type { Measured } from '../../plugin-kit/measured.ts'
import type { UdpSender } from '../../plugin-kit/udp-sender.ts'
import { configFaults, parsedConfig, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import { DEFAULT_WORKSPACE } from '../../plugin-kit/workspace.ts'
import { joinLines } from './join-lines.ts'
import { metricLines } from './metric-lines.ts'
import { statsd } from './plugin.ts'
import type { Config } from './schema.ts'

const MEASURED: Measured = {
  status: 200,
  requestBytes: 100,
  responseBytes: 200,
  latencyMs: 9,
  upstreamLatencyMs: 5,
  kongLatencyMs: 2,
  consumer: { id: 'c-1', username: 'ann', custom_id: null, tags: null },
  routeId: 'r-1',
  routeName: 'route',
  service: { id: 's-1', name: 'my.service', host: 'up.test' },
}

const linesOf = (config: Record<string, unknown> = {}, more: Partial<Measured> = {}) =>
  metricLines({ ...MEASURED, ...more }, parsedConfig(statsd, config) as unknown as Config, 'node.a')

describe('statsd › lines', () => {
  it('say everything by default', () => {
    const consumer_identifier_default = 'username'
    expect(linesOf({ consumer_identifier_default })).toEqual([
      'kong.service.my_service.request.count:1|c',
      'kong.service.my_service.latency:9|ms',
      'kong.service.my_service.request.size:100|c',
      'kong.service.my_service.status.200:1|c',
      'kong.service.my_service.response.size:200|c',
      'kong.service.my_service.user.uniques:ann|s',
      'kong.service.my_service.user.ann.request.count:1|c',
      'kong.service.my_service.upstream_latency:5|ms',
      'kong.service.my_service.kong_latency:2|ms',
      'kong.service.my_service.user.ann.status.200:1|c',
      `kong.service.my_service.workspace.${DEFAULT_WORKSPACE.id}.status.200:1|c`,
      'kong.route.r-1.user.ann.status.200:1|c',
    ])
  })

  const only = (name: string, more: object = {}) => ({
    metrics: [{ name, stat_type: 'counter', sample_rate: 1, ...more }],
  })

  it.each([
    ['no name of the consumer', only('request_per_user'), {}, []],
    [
      'no consumer',
      only('unique_users', { consumer_identifier: 'consumer_id' }),
      { consumer: undefined },
      [],
    ],
    ['no upstream', only('upstream_latency'), { upstreamLatencyMs: -1 }, []],
    [
      'no service',
      only('request_count'),
      { service: undefined },
      ['kong.global.unmatched.request.count:1|c'],
    ],
    [
      'a service without a name',
      only('request_count'),
      { service: { id: 's', name: null, host: 'up.test' } },
      ['kong.service.up_test.request.count:1|c'],
    ],
    [
      'services by id',
      only('request_count', { service_identifier: 'service_id' }),
      {},
      ['kong.service.s-1.request.count:1|c'],
    ],
    [
      'a rate',
      only('request_count', { sample_rate: 0.5 }),
      {},
      ['kong.service.my_service.request.count:1|c|@0.5'],
    ],
    [
      'the node',
      { ...only('request_count'), hostname_in_prefix: true, prefix: 'p' },
      {},
      ['p.node.node_a.service.my_service.request.count:1|c'],
    ],
    [
      'a status that counts',
      { ...only('status_count'), allow_status_codes: ['100-199', '200-204'] },
      {},
      ['kong.service.my_service.status.200:1|c'],
    ],
    [
      'a status that does not',
      { ...only('status_count'), allow_status_codes: ['400-499'] },
      {},
      [],
    ],
    [
      'the workspace by name',
      only('status_count_per_workspace', { workspace_identifier: 'workspace_name' }),
      {},
      ['kong.service.my_service.workspace.default.status.200:1|c'],
    ],
  ])('with %s', (_, config, more, expected) => {
    expect(linesOf(config, more)).toEqual(expected)
  })

  it.each([
    [
      'dogstatsd',
      'kong.request.count:1|c|#service:my_service,workspace:w,route:route,status:200,node:node.a',
    ],
    [
      'influxdb',
      'kong.request.count,service=my_service,workspace=w,route=route,status=200,node=node.a:1|c',
    ],
    [
      'librato',
      'kong.request.count#service=my_service,workspace=w,route=route,status=200,node=node.a:1|c',
    ],
    [
      'signalfx',
      'kong.request.count[service=my_service,workspace=w,route=route,status=200,node=node.a]:1|c',
    ],
  ])('have tags in the style of %s', (style, expected) => {
    const lines = linesOf({ ...only('request_count'), tag_style: style })
    expect(lines).toEqual([
      expected.replace(/workspace([:=])w/, `workspace$1${DEFAULT_WORKSPACE.id}`),
    ])
    expect(linesOf({ tag_style: style })).toHaveLength(6)
    expect(linesOf({ tag_style: style }, { service: undefined })).toEqual([])
  })
})

describe('joinLines', () => {
  it.each([
    [0, ['aa', 'bb', 'cc']],
    [5, ['aa\nbb', 'cc']],
    [100, ['aa\nbb\ncc']],
    [1, ['aa', 'bb', 'cc']],
  ])('up to %i bytes', (limit, packets) => {
    expect(joinLines(['aa', 'bb', 'cc'], limit)).toEqual(packets)
  })
})

describe('statsd', () => {
  it('sends a datagram for each metric', async () => {
    const sent: string[] = []
    const udp: UdpSender = {
      send: async (text, host, port) => void sent.push(`${host}:${port} ${text}`),
    }
    const keep = (name: string, make: () => unknown) => (name === 'udp' ? udp : make())
    const node = { keep: keep as never }
    const gateway = testGateway(
      [
        [
          statsd,
          {
            host: 's.test',
            port: 9,
            metrics: [{ name: 'request_count', stat_type: 'counter', sample_rate: 1 }],
          },
        ],
      ],
      { node },
    )
    await gateway.send({
      service: { id: 's', name: 'svc', host: 'h' } as Service,
      route: { id: 'r', name: null } as Route,
    })
    await new Promise((resolve) => setImmediate(resolve))
    expect(sent).toEqual(['s.test:9 kong.service.svc.request.count:1|c'])
  })

  it.each([
    [
      { metrics: [{ name: 'latency', stat_type: 'gauge' }] },
      'config.metrics.sample_rate: required field missing',
    ],
    [{ allow_status_codes: ['2xx'] }, 'config.allow_status_codes.0: invalid value: 2xx'],
    [{ host: 'h:1' }, 'config.host: must not have a port'],
  ])('refuses the config %j', (config, fault) => {
    expect(
      configFaults(statsd, config).map((text) => text.replace('metrics.0', 'metrics')),
    ).toContain(fault)
  })
})
