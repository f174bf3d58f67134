import type { Decision } from '../plugin-kit/exchange.ts'
import type { ProxyExchange } from '../proxy/exchange.ts'
import { accessLineFormat, requestPieces, type RequestPieces } from '../telemetry/access-line.ts'
import type { LineWriter } from '../telemetry/line-writer.ts'
import { reasonOf } from './make-decision-record.ts'
import { terseLine } from './terse-line.ts'

/** Writes the access log line of each exchange. */
export function accessLogger(writer: LineWriter): (exchange: ProxyExchange) => void {
  const format = accessLineFormat()
  return (exchange) => {
    const { response, id, finishedAtMs } = exchange
    const { status, bodyBytes } = response
    writer.write(format(piecesOf(exchange), { status, bodyBytes, requestId: id }, finishedAtMs))
  }
}

/** Of a head that repeats they are made once, unless a plugin has changed what the request says. */
function piecesOf(exchange: ProxyExchange): RequestPieces {
  const { made } = exchange.head
  if (made === undefined || exchange.upstreamIfChanged !== undefined) return makePieces(exchange)
  return ((made.logged as RequestPieces | undefined) ??= makePieces(exchange))
}

function makePieces({ head, request }: ProxyExchange): RequestPieces {
  return requestPieces({
    clientIp: request.ip,
    user: basicUser(request.header('authorization')),
    requestLine: `${head.method} ${head.target} HTTP/${request.httpVersion}`,
    referer: request.header('referer'),
    userAgent: request.header('user-agent'),
  })
}

/** The user of HTTP basic authentication, as nginx logs it. */
function basicUser(authorization: string | undefined): string | undefined {
  if (authorization === undefined || !/^basic /i.test(authorization)) return undefined
  const pair = Buffer.from(authorization.slice(6), 'base64').toString('latin1')
  const end = pair.indexOf(':')
  return end === -1 ? undefined : pair.slice(0, end)
}

/** Digits of a request id in a line for people: enough for the requests of one afternoon. */
const SHOWN_DIGITS = 4

/**
 * Writes one line for people an exchange: what was asked, and who got it or why not.
 *
 * @param canSayWhy whether `portunus why` knows more of what was refused
 */
export function terseLogger(
  writer: LineWriter,
  { hasColor, canSayWhy }: { readonly hasColor: boolean; readonly canSayWhy: boolean },
): (exchange: ProxyExchange) => void {
  return (exchange) => {
    const { head, routing, request, response, consumer, service, latencies } = exchange
    const { upstreamMs, requestMs } = latencies
    const isRefused = response.source !== 'service' && response.status >= 400
    writer.write(
      terseLine(
        {
          atMs: Date.now(),
          method: head.method,
          path: request.rawPath,
          hasQuery: routing.rawQuery !== '',
          status: response.status,
          tookMs: requestMs,
          consumer: consumer?.username ?? consumer?.custom_id ?? undefined,
          service: response.source === 'service' ? nameOf(service) : undefined,
          upstreamMs: upstreamMs === -1 ? undefined : upstreamMs,
          reason: wordsFor(exchange),
          why: canSayWhy && isRefused ? exchange.id.slice(0, SHOWN_DIGITS) : undefined,
        },
        hasColor,
      ),
    )
  }
}

function nameOf(service: ProxyExchange['service']): string | undefined {
  return service === undefined ? undefined : (service.name ?? service.host)
}

function wordsFor(exchange: ProxyExchange): string | undefined {
  const { noted, response } = exchange
  const refusal = noted.findLast(({ verdict }) => verdict === 'refused')
  if (refusal !== undefined && response.status >= 400) return named(refusal)
  return response.status >= 400 ? reasonOf(exchange).reason : undefined
}

/** Details often begin with the plugin's name themselves. */
function named({ plugin, detail, code }: Decision): string {
  if (detail === undefined) return `${plugin}: ${code}`
  return detail.startsWith(plugin) ? detail : `${plugin}: ${detail}`
}
