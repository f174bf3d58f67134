import { DEFINITIONS, type Definition, type MetricName } from './definitions.ts'

/** Values of a histogram: how many were in each bucket, the infinite one last, and their sum. */
export interface Distribution {
  readonly counts: number[]
  sum: number
}

type Series<Value> = Record<string, Value>

/** Metrics as plain data, so that they can go from thread to thread. Series by their labels, as JSON. */
export interface Metrics {
  readonly values: Partial<Record<MetricName, Series<number>>>
  readonly distributions: Partial<Record<MetricName, Series<Distribution>>>
}

/** Models told apart. Where `model.name` comes from the request, clients make names up as they like. */
export const MOST_MODELS = 1000
const LONGEST_MODEL = 256
/** Stands for all other models. */
export const OTHER_MODELS = '(other)'

/** Collects the metrics of one worker. */
export class MetricStore {
  readonly #models = new Set<string>()
  readonly #values = new Map<MetricName, Map<string, number>>()
  readonly #distributions = new Map<MetricName, Map<string, Distribution>>()

  add(name: MetricName, labels: readonly string[], by: number): void {
    const series = seriesOf(this.#values, name)
    const key = JSON.stringify(labels)
    series.set(key, (series.get(key) ?? 0) + by)
  }

  /** Takes note of one value for a histogram. */
  observe(name: MetricName, labels: readonly string[], value: number): void {
    const { buckets = [] }: Definition = DEFINITIONS[name]
    const series = seriesOf(this.#distributions, name)
    const key = JSON.stringify(labels)
    let distribution = series.get(key)
    if (distribution === undefined)
      series.set(key, (distribution = { counts: buckets.map(() => 0).concat(0), sum: 0 }))
    const place = buckets.findIndex((bound) => value <= bound)
    distribution.counts[place === -1 ? buckets.length : place]! += 1
    distribution.sum += value
  }

  /** @returns the label under which calls of a model count */
  modelLabel(model: string): string {
    if (this.#models.has(model)) return model
    if (this.#models.size >= MOST_MODELS || model.length > LONGEST_MODEL) return OTHER_MODELS
    this.#models.add(model)
    return model
  }

  metrics(): Metrics {
    return { values: plain(this.#values), distributions: plain(this.#distributions) }
  }
}

function seriesOf<Value>(
  all: Map<MetricName, Map<string, Value>>,
  name: MetricName,
): Map<string, Value> {
  let series = all.get(name)
  if (series === undefined) all.set(name, (series = new Map()))
  return series
}

function plain<Value>(
  all: ReadonlyMap<MetricName, ReadonlyMap<string, Value>>,
): Partial<Record<MetricName, Series<Value>>> {
  return Object.fromEntries([...all].map(([name, series]) => [name, Object.fromEntries(series)]))
}

/** The metrics of several workers as those of one node. */
export function combineMetrics(all: readonly Metrics[]): Metrics {
  const values: Partial<Record<MetricName, Series<number>>> = {}
  const distributions: Partial<Record<MetricName, Series<Distribution>>> = {}
  for (const metrics of all) {
    for (const [name, series] of entriesOf(metrics.values))
      mergeInto((values[name] ??= {}), series, (one, other) =>
        DEFINITIONS[name].combine === 'sum' ? one + other : one,
      )
    for (const [name, series] of entriesOf(metrics.distributions))
      mergeInto((distributions[name] ??= {}), series, (one, other) => ({
        counts: one.counts.map((count, index) => count + (other.counts[index] ?? 0)),
        sum: one.sum + other.sum,
      }))
  }
  return { values, distributions }
}

function entriesOf<Value>(
  all: Partial<Record<MetricName, Series<Value>>>,
): readonly (readonly [MetricName, Series<Value>])[] {
  return Object.entries(all) as [MetricName, Series<Value>][]
}

function mergeInto<Value>(
  into: Series<Value>,
  from: Series<Value>,
  combine: (one: Value, other: Value) => Value,
): void {
  for (const [key, value] of Object.entries(from)) {
    const known = into[key]
    into[key] = known === undefined ? value : combine(known, value)
  }
}
