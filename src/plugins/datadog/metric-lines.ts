import { consumerName, type Measured } from '../../plugin-kit/measured.ts'
import type { Config, Metric } from './schema.ts'

const NAMES: Readonly<Record<Metric['name'], string>> = {
  kong_latency: 'kong_latency',
  latency: 'latency',
  request_count: 'request.count',
  request_size: 'request.size',
  response_size: 'response.size',
  upstream_latency: 'upstream_latency',
}

const TYPES: Readonly<Record<Metric['stat_type'], string>> = {
  counter: 'c',
  gauge: 'g',
  histogram: 'h',
  meter: 'm',
  set: 's',
  timer: 'ms',
  distribution: 'd',
}

/** The lines that tell Datadog's agent about one exchange; each is a datagram of its own. */
export function metricLines(measured: Measured, config: Config): readonly string[] {
  const serviceName = (measured.service?.name ?? '').replaceAll('.', '_')
  const common = [
    `${config.service_name_tag ?? 'name'}:${serviceName}`,
    `${config.status_tag ?? 'status'}:${measured.status === 0 ? '-' : measured.status}`,
  ]
  return config.metrics.flatMap((metric) => {
    const value = valueOf(metric.name, measured)
    if (value < 0) return []
    const who = consumerName(measured.consumer, metric.consumer_identifier ?? 'custom_id')
    const tags = [
      ...common,
      ...(who === undefined
        ? []
        : [`${config.consumer_tag ?? 'consumer'}:${who.replaceAll('-', '_')}`]),
      ...(metric.tags ?? []),
    ]
    const { sample_rate: rate } = metric
    const sampled = rate === undefined || rate === 1 ? '' : `|@${rate}`
    const name = `${config.prefix ?? 'kong'}.${NAMES[metric.name]}`
    return [`${name}:${value}|${TYPES[metric.stat_type]}${sampled}|#${tags.join(',')}`]
  })
}

function valueOf(name: Metric['name'], measured: Measured): number {
  switch (name) {
    case 'kong_latency':
      return measured.kongLatencyMs
    case 'latency':
      return measured.latencyMs
    case 'request_count':
      return 1
    case 'request_size':
      return measured.requestBytes
    case 'response_size':
      return measured.responseBytes
    case 'upstream_latency':
      return measured.upstreamLatencyMs
  }
}
