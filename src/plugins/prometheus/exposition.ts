import { DEFINITIONS, type Definition, type MetricName } from './definitions.ts'
import type { Distribution, Metrics } from './metric-store.ts'

/**
 * Writes metrics as a Prometheus server reads them.
 * @see Prometheus, Exposition formats, text-based format 0.0.4
 */
export function exposition({ values, distributions }: Metrics): string {
  const lines = (Object.keys(DEFINITIONS) as MetricName[]).flatMap((name) => {
    const definition: Definition = DEFINITIONS[name]
    const series = [
      ...Object.entries(values[name] ?? {}).map(([labels, value]) =>
        line(`kong_${name}`, labelled(definition, labels), value),
      ),
      ...Object.entries(distributions[name] ?? {}).flatMap(([labels, distribution]) =>
        histogramLines(`kong_${name}`, { definition, labels, distribution }),
      ),
    ]
    if (series.length === 0) return []
    return [
      `# HELP kong_${name} ${definition.help}`,
      `# TYPE kong_${name} ${definition.kind}`,
      ...series,
    ]
  })
  return `${lines.join('\n')}\n`
}

function histogramLines(
  name: string,
  of: {
    readonly definition: Definition
    readonly labels: string
    readonly distribution: Distribution
  },
): readonly string[] {
  const { definition, distribution } = of
  const labels = labelled(definition, of.labels)
  let total = 0
  const buckets = [...(definition.buckets ?? []), '+Inf'].map((bound, index) => {
    total += distribution.counts[index] ?? 0
    return line(`${name}_bucket`, [...labels, ['le', String(bound)]], total)
  })
  return [
    ...buckets,
    line(`${name}_count`, labels, total),
    line(`${name}_sum`, labels, distribution.sum),
  ]
}

type Labels = readonly (readonly [name: string, value: string])[]

function labelled({ labels }: Definition, values: string): Labels {
  const given = JSON.parse(values) as readonly string[]
  return labels.map((name, index) => [name, given[index] ?? ''])
}

function line(name: string, labels: Labels, value: number): string {
  const written = labels.map(([label, text]) => `${label}="${escaped(text)}"`).join(',')
  return `${name}${written === '' ? '' : `{${written}}`} ${value}`
}

function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
