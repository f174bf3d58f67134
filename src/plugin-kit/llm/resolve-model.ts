import type { Exchange } from '../exchange.ts'
import type { ModelConfig, ModelOptions } from './llm-fields.ts'

/** The configured model with what it takes from the request filled in. */
export type ResolvedModel =
  | {
      readonly kind: 'model'
      readonly provider: ModelConfig['provider']
      readonly name: string | undefined
      readonly options: ModelOptions
    }
  | { readonly kind: 'fault'; readonly message: string }

/** Fills `$(headers.name)`, `$(uri_captures.name)` and `$(query_params.name)` in. */
export function resolveModel(
  exchange: Exchange,
  { provider, name, options }: ModelConfig,
): ResolvedModel {
  const resolvedName = resolve(exchange, name ?? '', {
    shown: 'model.name',
    missing: (source, key) => `'${source}', key '${key}' was not provided`,
  })
  if (resolvedName.kind === 'fault') return resolvedName
  const changed: Record<string, string> = {}
  for (const [option, value] of Object.entries(options)) {
    if (typeof value !== 'string') continue
    const resolved = resolve(exchange, value, {
      shown: value,
      missing: (source, key) => `${source} key ${key} was not provided`,
    })
    if (resolved.kind === 'fault') return resolved
    changed[option] = resolved.text
  }
  return {
    kind: 'model',
    provider,
    name: resolvedName.text === '' ? undefined : resolvedName.text,
    options: { ...options, ...changed },
  }
}

const EXPRESSION = /\$\((.*?)\)/

type Resolved =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly message: string }

/** An expression stands for the whole text, whatever is around it. */
function resolve(
  exchange: Exchange,
  text: string,
  faults: {
    readonly shown: string
    readonly missing: (source: string, key: string) => string
  },
): Resolved {
  const expression = EXPRESSION.exec(text)?.[1]
  if (expression === undefined) return { kind: 'text', text }
  const [source, key, ...rest] = expression.split('.')
  if (source === undefined || key === undefined || rest.length > 0)
    return { kind: 'fault', message: `cannot parse expression for field '${faults.shown}'` }
  const read = Object.hasOwn(SOURCES, source) ? SOURCES[source] : undefined
  if (read === undefined) return { kind: 'fault', message: `source '${source}' is not supported` }
  const found = read(exchange, key)
  return found === undefined
    ? { kind: 'fault', message: faults.missing(source, key) }
    : { kind: 'text', text: found }
}

const SOURCES: Readonly<Record<string, (exchange: Exchange, key: string) => string | undefined>> = {
  headers: ({ request }, key) => request.header(key.toLowerCase()),
  uri_captures({ captures }, key) {
    const named = captures?.named ?? {}
    return Object.hasOwn(named, key) ? named[key] : undefined
  },
  query_params({ request }, key) {
    const value = request.queryValue(key)
    return typeof value === 'string' ? value : undefined
  },
}
