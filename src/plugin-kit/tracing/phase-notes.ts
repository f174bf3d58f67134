import { turnMs } from '../../base/turn-clock.ts'
import type { Exchange } from '../exchange.ts'
import type { PhaseResult, PluginHandlers } from '../plugin.ts'

/** What can be noted of plugins, by the words of the setting `tracing_instrumentations`. */
export type NotedPart = 'router' | 'plugin_rewrite' | 'plugin_access' | 'plugin_header_filter'

const PARTS: readonly NotedPart[] = [
  'router',
  'plugin_rewrite',
  'plugin_access',
  'plugin_header_filter',
]

/** When one plugin ran in one phase. Times are Unix times in ms, with fractions. */
export interface PhaseNote {
  readonly phase: 'rewrite' | 'access' | 'header_filter'
  readonly plugin: string
  readonly startMs: number
  readonly endMs: number
  /** What it threw. */
  readonly error: unknown
}

/** What was noted of one exchange. */
export interface ExchangeNotes {
  readonly phases: PhaseNote[]
  /** The routing, which stands between the end of `rewrite` and the first plugin of `access`. */
  routing: { readonly startMs: number; readonly endMs: number } | undefined
}

const KEY = {}

export function notesOf(exchange: Exchange): ExchangeNotes {
  return exchange.local<ExchangeNotes>(KEY, () => ({ phases: [], routing: undefined }))
}

/** @param instrumentations the setting `tracing_instrumentations` */
export function isTraced(instrumentations: unknown, part: string): boolean {
  if (!Array.isArray(instrumentations) || instrumentations[0] === 'off') return false
  return instrumentations.includes('all') || instrumentations.includes(part)
}

/** @returns nothing when none of the parts is traced: then plugins need not be watched */
export function notedParts(instrumentations: unknown): ReadonlySet<NotedPart> | undefined {
  const parts = PARTS.filter((part) => isTraced(instrumentations, part))
  return parts.length === 0 ? undefined : new Set(parts)
}

/** Unix time in ms, with fractions. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now()
}

/** The same handlers, which leave notes of when they ran. */
export function noting(
  plugin: string,
  handlers: PluginHandlers,
  parts: ReadonlySet<NotedPart>,
): PluginHandlers {
  const noted: PluginHandlers = bound(handlers)
  if (handlers.rewrite !== undefined && parts.has('plugin_rewrite'))
    noted.rewrite = (exchange) =>
      note({ exchange, plugin, phase: 'rewrite' }, () => handlers.rewrite!(exchange))
  if (handlers.access !== undefined)
    noted.access = (exchange) => {
      if (parts.has('router')) noteRouting(notesOf(exchange))
      return parts.has('plugin_access')
        ? note({ exchange, plugin, phase: 'access' }, () => handlers.access!(exchange))
        : handlers.access!(exchange)
    }
  if (handlers.headerFilter !== undefined && parts.has('plugin_header_filter'))
    noted.headerFilter = (exchange) =>
      void note({ exchange, plugin, phase: 'header_filter' }, () =>
        handlers.headerFilter!(exchange),
      )
  return noted
}

/** All there are: one that is added without a line here does not compile. */
const HANDLERS: Readonly<Record<keyof PluginHandlers, true>> = {
  certificate: true,
  rewrite: true,
  access: true,
  response: true,
  buffersResponse: true,
  headerFilter: true,
  bodyFilter: true,
  log: true,
  preread: true,
  logSession: true,
  dispose: true,
}

/** Handlers may be methods of a class, which a copy would lose. */
function bound(handlers: PluginHandlers): PluginHandlers {
  return Object.fromEntries(
    (Object.keys(HANDLERS) as (keyof PluginHandlers)[]).flatMap((name) => {
      const handler = handlers[name]
      return handler === undefined ? [] : [[name, handler.bind(handlers)]]
    }),
  )
}

/**
 * From the end of `rewrite` the request is routed without a wait, so the routing begins there, or
 * with the turn in which the request was read.
 */
function noteRouting(notes: ExchangeNotes): void {
  if (notes.routing !== undefined) return
  const endMs = preciseNowMs()
  const rewritten = notes.phases.findLast(({ phase }) => phase === 'rewrite')?.endMs ?? 0
  notes.routing = { startMs: Math.min(Math.max(turnMs(), rewritten), endMs), endMs }
}

function note(
  about: Pick<PhaseNote, 'phase' | 'plugin'> & { readonly exchange: Exchange },
  run: () => PhaseResult,
): PhaseResult {
  const { exchange, phase, plugin } = about
  const startMs = preciseNowMs()
  const end = (error?: unknown): void =>
    void notesOf(exchange).phases.push({ phase, plugin, startMs, endMs: preciseNowMs(), error })
  try {
    const result = run()
    if (result instanceof Promise)
      return result.then(
        (answer) => {
          end()
          return answer
        },
        (error: unknown) => {
          end(error)
          throw error
        },
      )
    end()
    return result
  } catch (error) {
    end(error)
    throw error
  }
}
