/** What a route is matched by. */
export interface MatchFields {
  readonly protocols?: readonly string[] | undefined
  readonly snis?: readonly string[] | undefined
  readonly sources?: readonly Address[] | undefined
  readonly destinations?: readonly Address[] | undefined
  readonly methods?: readonly string[] | undefined
  readonly hosts?: readonly string[] | undefined
  readonly paths?: readonly string[] | undefined
  readonly headers?: Readonly<Record<string, readonly string[]>> | undefined
}

interface Address {
  readonly ip?: string | undefined
  readonly port?: number | undefined
}

/** A regex within an expression: as the route has it, as the expression has it, and where. */
export interface ExpressionRegex {
  readonly given: string
  readonly regex: string
  /** Of the literal, quotes included. */
  readonly start: number
  readonly end: number
}

export interface RouteExpression {
  readonly text: string
  readonly regexes: readonly ExpressionRegex[]
}

/** The expression that Kong's newer routers make of a route. Its faults show the text. */
export function routeAsExpression(route: MatchFields): RouteExpression {
  const isStream = /^(?:tcp|udp|tls)/.test(route.protocols?.[0] ?? '')
  const parts = [
    ...serverNames(route.snis, isStream),
    ...addresses('src', route.sources),
    ...addresses('dst', route.destinations),
    ...(isStream ? [] : httpParts(route)),
  ]
  return joined(parts, ' && ')
}

/** Texts, some of which are regexes in quotes. */
type Part = readonly (string | { readonly given: string; readonly regex: string })[]

function joined(parts: readonly Part[], separator: string): RouteExpression {
  const regexes: ExpressionRegex[] = []
  let text = ''
  for (const [index, part] of parts.entries()) {
    if (index > 0) text += separator
    for (const piece of part)
      if (typeof piece === 'string') text += piece
      else {
        const start = text.length
        text += quoted(piece.regex)
        regexes.push({ ...piece, start, end: text.length })
      }
  }
  return { text, regexes }
}

/** Alternatives in brackets. */
function anyOf(alternatives: readonly Part[]): Part {
  const inside = alternatives.flatMap((part, index) => (index === 0 ? part : [' || ', ...part]))
  return ['(', ...inside, ')']
}

function quoted(text: string): string {
  return text.includes('"#')
    ? `"${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`
    : `r#"${text}"#`
}

function serverNames(names: readonly string[] | undefined, isStream: boolean): readonly Part[] {
  if (names === undefined || names.length === 0) return []
  const each = names.map((name): Part => [`tls.sni == ${quoted(name.replace(/(?<=.)\.$/, ''))}`])
  return [[`(net.protocol != r#"${isStream ? 'tls' : 'https'}"# || `, ...anyOf(each), ')']]
}

function addresses(side: 'src' | 'dst', list: readonly Address[] | undefined): readonly Part[] {
  if (list === undefined || list.length === 0) return []
  const each = list.map(({ ip, port }): Part => {
    const ofIp = ip === undefined ? [] : [`net.${side}.ip ${ip.includes('/') ? 'in' : '=='} ${ip}`]
    const ofPort = port === undefined ? [] : [`net.${side}.port == ${port}`]
    const both = [...ofIp, ...ofPort]
    return [both.length === 2 ? `(${both.join(' && ')})` : both.join('')]
  })
  return [anyOf(each)]
}

function httpParts({ methods, hosts, paths, headers }: MatchFields): readonly Part[] {
  return [
    ...listed(methods, (method) => [`http.method == ${quoted(method)}`]),
    ...listed(hosts, hostPart),
    ...listed(paths, pathPart),
    ...Object.entries(headers ?? {}).flatMap(([name, values]) =>
      listed(values, (value) => headerPart(name, value)),
    ),
  ]
}

function listed(
  list: readonly string[] | undefined,
  each: (item: string) => Part,
): readonly Part[] {
  return list === undefined || list.length === 0 ? [] : [anyOf(list.map(each))]
}

function hostPart(host: string): Part {
  const [, name = host, port] = /^([^:]*):(\d+)$/.exec(host) ?? []
  const operator = name.startsWith('*') ? '=^' : name.endsWith('*') ? '^=' : '=='
  const text = `http.host ${operator} r#"${name.replaceAll('*', '')}"#`
  return [port === undefined ? text : `(${text} && net.dst.port == ${port})`]
}

/** Every `?<` is taken for the start of a named group. */
function pathPart(path: string): Part {
  if (!path.startsWith('~')) return [`http.path ^= ${quoted(path)}`]
  const given = path.slice(1)
  return ['http.path ~ ', { given, regex: `^${given.replaceAll('?<', '?P<')}` }]
}

function headerPart(name: string, value: string): Part {
  const field = `any(lower(http.headers.${name.toLowerCase().replaceAll('-', '_')}))`
  if (!value.startsWith('~*')) return [`${field} == ${quoted(value.toLowerCase())}`]
  const given = value.slice(2)
  return [`${field} ~ `, { given, regex: given.toLowerCase() }]
}
