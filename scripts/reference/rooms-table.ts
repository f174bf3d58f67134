import { ROOMS } from '../rooms.ts'

/** What each room knows. */
const KNOWLEDGE: Readonly<Record<string, string>> = {
  base: 'small things with no domain: clock, durations, LRU, CIDR, JSON',
  http: 'what the RFCs say, as pure functions: framing, fields, URLs, forwarding',
  schema: 'the field-schema language: parse, defaults, violations, descriptions',
  telemetry: 'log lines, metrics, spans: how they are made, not what about',
  entities: 'the nouns: route, service, consumer, plugin, upstream, as schemas',
  router: 'which route matches a request',
  balancer: 'which target gets it; its addresses, health and circuit',
  'plugin-kit': 'what plugins are written against: phases, exchange, `definePlugin`',
  plugins: 'the bundled plugins, one folder each',
  snapshot: 'entities compiled into one frozen object, and who holds the current one',
  proxy: '**the data plane**: sockets, phases, forwarding, answers',
  declarative: 'declarative YAML and JSON: text to entities and back',
  'consumer-source':
    'consumers that the configuration does not have: asked for, checked, remembered',
  store: 'where entities live, transactions, the change feed',
  settings: 'how the process runs: ports, limits, log level',
  'dev-issuer': 'an OpenID provider to develop with; only `portunus dev` and `demo` have it',
  secrets: '`{vault://…}` references and where their values come from',
  admin: '**the control plane’s door**: the Admin API over a store',
  gateway: 'the only place where rooms meet: start, reload, shut down',
  cli: 'commands and their output',
}

/** The rooms of `src/` as a Markdown table. */
export function roomsTable(): string {
  const rows = Object.entries(ROOMS).map(([room, imports]) => {
    const knowledge = KNOWLEDGE[room]
    if (knowledge === undefined)
      throw new Error(`Cannot describe room "${room}": say what it knows in rooms-table.ts`)
    return `| \`${room}/\` | ${knowledge} | ${importList(room, imports)} |`
  })
  return ['| room | what it knows | may import |', '| --- | --- | --- |', ...rows].join('\n')
}

function importList(room: string, imports: readonly string[]): string {
  if (imports.length === 0) return '–'
  const others = Object.keys(ROOMS).filter((name) => name !== room && !imports.includes(name))
  return others.length > 2 ? imports.join(', ') : `all but ${others.join(', ')}`
}
