import { consumerName, type Measured } from '../../plugin-kit/measured.ts'
import { DEFAULT_WORKSPACE } from '../../plugin-kit/workspace.ts'
import type { Config, Metric } from './schema.ts'
import { taggedName } from './tagged-name.ts'

const TYPES: Readonly<Record<Metric['stat_type'], string>> = {
  counter: 'c',
  gauge: 'g',
  histogram: 'h',
  meter: 'm',
  set: 's',
  timer: 'ms',
}

/** Who and what an exchange was about, as one metric names it. */
export interface Named {
  /** Dots are `_`, since they part names. */
  readonly service: string | undefined
  readonly consumer: string | undefined
  readonly workspace: string
}

/** The lines that tell a StatsD server about one exchange. */
export function metricLines(
  measured: Measured,
  config: Config,
  hostname: string,
): readonly string[] {
  const prefix = config.prefix ?? 'kong'
  const style = config.tag_style
  const head =
    config.hostname_in_prefix && style === undefined
      ? `${prefix}.node.${hostname.replaceAll('.', '_')}`
      : prefix
  return (config.metrics ?? []).flatMap((metric) => {
    if (isStatusMetric(metric) && !isAllowed(measured.status, config)) return []
    const named = namesFor(metric, measured, config)
    const kind = KINDS[metric.name]
    const value = kind.value(measured, named)
    if (value === undefined) return []
    const { sample_rate: rate } = metric
    const sampled = rate === undefined || rate === 1 ? '' : `|@${rate}`
    const tail = `${value}|${TYPES[metric.stat_type]}${sampled}`
    if (style === undefined) return [plainLine(kind, { measured, named, head, tail })]
    if (measured.service === undefined || kind.isInTags === true) return []
    const tags = {
      ...named,
      route: measured.routeName ?? measured.routeId,
      status: measured.status,
      node: hostname,
    }
    return [taggedName(style, { name: `${prefix}.${kind.name(measured, named)}`, tags, tail })]
  })
}

function plainLine(
  kind: Kind,
  line: {
    readonly measured: Measured
    readonly named: Named
    readonly head: string
    readonly tail: string
  },
): string {
  const { measured, named, head, tail } = line
  const scope = named.service === undefined ? 'global.unmatched' : `service.${named.service}`
  const place = kind.isGlobal === true ? head : `${head}.${scope}`
  return `${place}.${kind.name(measured, named)}:${tail}`
}

interface Kind {
  /** Nothing when there is nothing to tell. */
  readonly value: (measured: Measured, named: Named) => string | undefined
  /** The name below the service's, or below the prefix where `isGlobal`. */
  readonly name: (measured: Measured, named: Named) => string
  readonly isGlobal?: boolean
  /** Where tags say who and what, it has no line of its own. */
  readonly isInTags?: boolean
}

const one = (): string => '1'
const oneOfUser = (_: Measured, { consumer }: Named): string | undefined =>
  consumer === undefined ? undefined : '1'
const time = (ms: number): string | undefined => (ms < 0 ? undefined : String(ms))

const KINDS: Readonly<Record<Metric['name'], Kind>> = {
  kong_latency: {
    value: ({ kongLatencyMs }) => time(kongLatencyMs),
    name: () => 'kong_latency',
  },
  latency: { value: ({ latencyMs }) => time(latencyMs), name: () => 'latency' },
  upstream_latency: {
    value: ({ upstreamLatencyMs }) => time(upstreamLatencyMs),
    name: () => 'upstream_latency',
  },
  request_count: { value: one, name: () => 'request.count' },
  request_size: { value: ({ requestBytes }) => String(requestBytes), name: () => 'request.size' },
  response_size: {
    value: ({ responseBytes }) => String(responseBytes),
    name: () => 'response.size',
  },
  unique_users: {
    value: (_, { consumer }) => consumer,
    name: () => 'user.uniques',
    isInTags: true,
  },
  request_per_user: {
    value: oneOfUser,
    name: (_, { consumer }) => `user.${consumer}.request.count`,
    isInTags: true,
  },
  status_count: { value: one, name: ({ status }) => `status.${status}`, isInTags: true },
  status_count_per_user: {
    value: oneOfUser,
    name: ({ status }, { consumer }) => `user.${consumer}.status.${status}`,
    isInTags: true,
  },
  status_count_per_workspace: {
    value: one,
    name: ({ status }, { workspace }) => `workspace.${workspace}.status.${status}`,
    isInTags: true,
  },
  status_count_per_user_per_route: {
    value: ({ routeId }, { consumer }) =>
      routeId === undefined || consumer === undefined ? undefined : '1',
    name: ({ status, routeId }, { consumer }) =>
      `route.${routeId}.user.${consumer}.status.${status}`,
    isGlobal: true,
    isInTags: true,
  },
  // There are no shared dictionaries whose use could be told.
  shdict_usage: { value: () => undefined, name: () => 'shdict' },
}

function isStatusMetric({ name }: Metric): boolean {
  return name.startsWith('status_count')
}

function isAllowed(status: number, { allow_status_codes: ranges }: Config): boolean {
  if (ranges === undefined || ranges.length === 0) return true
  return ranges.some((range) => {
    const [from, to] = range.split('-').map(Number)
    return status >= from! && status <= to!
  })
}

function namesFor(metric: Metric, { service, consumer }: Measured, config: Config): Named {
  const by = metric.service_identifier ?? config.service_identifier_default
  const workspace = metric.workspace_identifier ?? config.workspace_identifier_default
  return {
    service: service && serviceName(service, by).replaceAll('.', '_'),
    consumer: consumerName(
      consumer,
      metric.consumer_identifier ?? config.consumer_identifier_default,
    ),
    workspace: workspace === 'workspace_id' ? DEFAULT_WORKSPACE.id : DEFAULT_WORKSPACE.name,
  }
}

function serviceName(
  { id, name, host }: NonNullable<Measured['service']>,
  by: Config['service_identifier_default'],
): string {
  switch (by) {
    case 'service_id':
      return id
    case 'service_name':
      return name ?? 'unnamed'
    case 'service_host':
      return host
    case 'service_name_or_host':
      return name ?? host
  }
}
