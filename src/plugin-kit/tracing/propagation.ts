import type { Exchange } from '../exchange.ts'
import { aws } from './aws.ts'
import { b3, b3Single } from './b3.ts'
import { datadog } from './datadog.ts'
import { gcp } from './gcp.ts'
import { jaeger } from './jaeger.ts'
import { ot } from './ot.ts'
import type { HeaderType, PropagationConfig } from './propagation-fields.ts'
import {
  sized,
  type ExtractableName,
  type FormatName,
  type TraceContext,
  type TraceFormat,
} from './trace-context.ts'
import { w3c } from './w3c.ts'

const FORMATS: Readonly<Record<FormatName, TraceFormat>> = {
  w3c,
  b3,
  'b3-single': b3Single,
  jaeger,
  ot,
  datadog,
  aws,
  gcp,
}

/** In this order headers are looked for where nothing else is said. */
const ALL: readonly ExtractableName[] = ['b3', 'w3c', 'jaeger', 'ot', 'datadog', 'aws', 'gcp']

export interface PropagationOptions {
  readonly propagation: PropagationConfig
  /** What older configurations say; counts only where the record says no more than a default. */
  readonly headerType?: HeaderType | undefined
  readonly defaultHeaderType?: FormatName | undefined
  readonly log: { warn(message: string): void; error(message: string): void }
}

/** Which headers a request came with. */
export interface Extracted {
  readonly context: TraceContext
  readonly format: FormatName | undefined
}

/** Reads, takes away and writes the tracing headers of requests, as configured. */
export interface Propagation {
  /** The context of the first format that the request has. */
  extract(exchange: Exchange): Extracted
  /** @param context goes to the upstream, and its trace id to the log, in each format */
  inject(exchange: Exchange, from: Extracted, context: TraceContext): void
}

export function createPropagation(options: PropagationOptions): Propagation {
  const { extract, clear, inject, defaultFormat } = inForce(options)
  const warn = (message: string): void => options.log.warn(message)
  const readers = extract.map((name) => FORMATS[name])

  return {
    extract({ upstream }) {
      for (const format of readers) {
        const context = format.read(upstream, warn)
        if (context !== undefined) return { context: sized(context), format: format.name }
      }
      return { context: {}, format: undefined }
    },

    inject(exchange, from, context) {
      for (const name of clear) exchange.upstream.removeHeader(name)
      const shown: Record<string, string> = {}
      for (const name of inject) {
        const format = FORMATS[name === 'preserve' ? preserved(from, defaultFormat) : name]
        const headers = format.write(context)
        if (headers === undefined) {
          options.log.error(`${format.name} injector context is invalid: it has no ids`)
          continue
        }
        for (const [header, value] of Object.entries(headers))
          exchange.upstream.setHeader(header, value)
        Object.assign(shown, format.shownTraceId(context))
      }
      if (Object.keys(shown).length === 0) return
      const known = exchange.logValues.get('trace_id') as object | undefined
      exchange.setLogValue('trace_id', { ...known, ...shown })
    },
  }
}

function preserved({ format, context }: Extracted, defaultFormat: FormatName): FormatName {
  if (format === undefined) return defaultFormat
  return format === 'b3' && context.isSingleHeader ? 'b3-single' : format
}

interface InForce {
  readonly extract: readonly ExtractableName[]
  readonly clear: readonly string[]
  readonly inject: readonly (FormatName | 'preserve')[]
  readonly defaultFormat: FormatName
}

/** One word of the record beyond the default makes the record alone count. */
function inForce(options: PropagationOptions): InForce {
  const { propagation, headerType = 'preserve', defaultHeaderType } = options
  const { extract, clear, inject, default_format: format } = propagation
  if (extract !== undefined || clear !== undefined || inject !== undefined)
    return {
      extract: extract ?? [],
      clear: clear ?? [],
      inject: inject ?? [],
      defaultFormat: format,
    }
  const defaultFormat = defaultHeaderType ?? format
  if (headerType === 'preserve')
    return { extract: ALL, clear: [], inject: ['preserve'], defaultFormat }
  if (headerType === 'ignore')
    return { extract: [], clear: [], inject: [defaultFormat], defaultFormat }
  return { extract: ALL, clear: [], inject: ['preserve', headerType], defaultFormat }
}
