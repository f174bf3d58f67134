import { columns } from './columns.ts'
import { printable } from './printable.ts'

/** What `GET /explain/{request_id}` answers, as far as it is printed. */
export interface Record {
  readonly id: string
  readonly at: string
  readonly status: number
  readonly answered_by: string
  readonly reason?: string
  readonly body?: string
  readonly checks: readonly Check[]
  readonly fix?: string
  readonly other_routes: readonly { readonly route: Named; readonly failed?: string }[]
  readonly configuration_changed: boolean
  readonly tries: readonly { readonly ip: string; readonly port: number }[]
  readonly timings: { readonly total_ms: number; readonly upstream_ms?: number }
}

/** What `POST /explain/token` says of one plugin. */
export interface Judgement {
  readonly plugin: Named
  readonly route: Named | null
  readonly service: Named | null
  readonly verdict: 'accepted' | 'refused'
  readonly status?: number
  readonly body?: string
  readonly checks: readonly Check[]
  readonly fix?: string
}

interface Check {
  readonly name: string
  readonly found: string
  readonly verdict: string
  readonly hint?: string
}

interface Named {
  readonly id: string
  readonly name: string | null
}

/** The ladder of checks of a request, then the answer and what to do about it. */
export function recordLines(record: Record): readonly string[] {
  const { tries, timings, other_routes: others } = record
  const upstream = timings.upstream_ms
  return [
    `${record.at}  ${record.id}`,
    ...ladder([
      ...checkRows(record.checks),
      ...targetRows(tries),
      ...reasonRows(record),
      ['answer', `${record.status}${record.body === undefined ? '' : ` ${record.body}`}`],
      ['by', record.answered_by],
      [
        'took',
        `${milliseconds(timings.total_ms)}${upstream === undefined ? '' : `, of them ${milliseconds(upstream)} upstream`}`,
      ],
      ...(record.fix === undefined ? [] : [['fix', record.fix]]),
    ]),
    ...(record.configuration_changed
      ? ['the configuration has changed since; routes not taken are those of now']
      : []),
    ...(others.length === 0 ? [] : ['not taken']),
    ...ladder(
      others.map(({ route, failed }) => [
        route.name ?? route.id,
        failed ?? 'matches as well, and comes later',
      ]),
    ),
  ].map(printable)
}

export function judgementLines(judgement: Judgement): readonly string[] {
  const { plugin, route, service, status, body } = judgement
  const place =
    route !== null
      ? ` on route ${nameOf(route)}`
      : service === null
        ? ''
        : ` on service ${nameOf(service)}`
  return [
    `${nameOf(plugin)}${place}: ${judgement.verdict}`,
    ...ladder([
      ...checkRows(judgement.checks),
      ...(status === undefined ? [] : [['answer', `${status} ${body ?? ''}`]]),
      ...(judgement.fix === undefined ? [] : [['fix', judgement.fix]]),
    ]),
  ].map(printable)
}

/** Targets that were tried, each once. */
function targetRows(tries: Record['tries']): readonly string[][] {
  const counts = new Map<string, number>()
  for (const { ip, port } of tries) {
    const address = ip.includes(':') ? `[${ip}]:${port}` : `${ip}:${port}`
    counts.set(address, (counts.get(address) ?? 0) + 1)
  }
  return [...counts].map(([address, count]) => [
    'target',
    count === 1 ? address : `${address}, tried ${count} times`,
  ])
}

function milliseconds(ms: number): string {
  return ms < 1 ? '<1 ms' : `${Math.round(ms)} ms`
}

/** Said only where no check says it already. */
function reasonRows({ reason, checks }: Record): readonly string[][] {
  if (reason === undefined || checks.some(({ verdict }) => verdict !== 'ok')) return []
  return [['reason', reason]]
}

function checkRows(checks: readonly Check[]): readonly string[][] {
  return checks.flatMap(({ name, found, verdict, hint }) => [
    found === '' ? [name, verdict] : [name, found, verdict],
    ...(hint === undefined ? [] : [['', hint]]),
  ])
}

/** Only checks have a third column, and nothing else makes it wide. */
function ladder(rows: readonly (readonly string[])[]): readonly string[] {
  const widest = Math.max(0, ...rows.flatMap((row) => (row.length > 2 ? row[1]!.length : [])))
  const padded = rows.map(([name = '', ...cells]) =>
    cells.length > 1 ? [name, `${cells[0]!.padEnd(widest)}  ${cells[1]!}`] : [name, cells[0] ?? ''],
  )
  return columns(padded).map((line) => `  ${line}`)
}

function nameOf({ id, name }: Named): string {
  return name ?? id
}
