import { RequestField } from '../http/request-head.ts'
import type { ProxyExchange } from './exchange.ts'

/** How the client reached the first gateway, as far as a trusted peer tells it. */
export interface ForwardedFacts {
  readonly scheme: string
  readonly host: string
  readonly port: number
}

/** The name of the server where a client names none, as Kong's nginx has it. */
const DEFAULT_HOST = 'kong'

export function forwardedFacts(exchange: ProxyExchange): ForwardedFacts {
  const { facts } = exchange.downstream
  const { fields } = exchange.head
  const told = (field: number): string | undefined =>
    facts.isTrusted ? fields.get(field) || undefined : undefined
  return {
    scheme: told(RequestField.forwardedProto) ?? facts.scheme,
    host: told(RequestField.forwardedHost) ?? (exchange.routing.hostName || DEFAULT_HOST),
    port: Number(told(RequestField.forwardedPort) ?? facts.port),
  }
}

/** Fields that this gateway says itself; a client's are used up or replaced. */
export const FORWARDING_FIELDS =
  (1 << RequestField.forwardedFor) |
  (1 << RequestField.forwardedProto) |
  (1 << RequestField.forwardedHost) |
  (1 << RequestField.forwardedPort) |
  (1 << RequestField.forwardedPath) |
  (1 << RequestField.forwardedPrefix) |
  (1 << RequestField.realIp) |
  (1 << RequestField.via)

/**
 * Forwarding lines for the upstream. A request that brings none of its own from a peer that is not
 * trusted gets the connection's ready-made ones.
 *
 * @param prefix the path part that was stripped; absent when none was
 */
export function forwardedLines(exchange: ProxyExchange, prefix: string | undefined): string {
  const { facts } = exchange.downstream
  const { routing, head } = exchange
  const own = head.fields.present & FORWARDING_FIELDS
  if (facts.isTrusted || (own & ~OVERWRITTEN) !== 0) return mergedLines(exchange, prefix)
  const { beforeHost, beforePath, realIp } = facts.forwardedLines
  return (
    beforeHost +
    (routing.hostName || DEFAULT_HOST) +
    beforePath +
    routing.rawPath +
    (prefix === undefined ? '\r\n' : `\r\nX-Forwarded-Prefix: ${prefix}\r\n`) +
    realIp
  )
}

/** The Via line: the client's entries, then this gateway's. */
export function viaLine(exchange: ProxyExchange): string {
  const { fields } = exchange.head
  const own = exchange.downstream.viaVersion + exchange.context.product
  if (!fields.has(RequestField.via)) return `Via: ${own}\r\n`
  return `Via: ${[...fields.values('via'), own].join(', ')}\r\n`
}

/** Without trust these are replaced whatever the client sent. */
const OVERWRITTEN = FORWARDING_FIELDS & ~(1 << RequestField.forwardedFor)

function mergedLines(exchange: ProxyExchange, prefix: string | undefined): string {
  const { facts } = exchange.downstream
  const { fields } = exchange.head
  const told = (field: number): string | undefined =>
    facts.isTrusted ? fields.get(field) : undefined
  const { scheme, host } = forwardedFacts(exchange)
  const port = told(RequestField.forwardedPort) || facts.port
  const chain = fields.has(RequestField.forwardedFor)
    ? [...fields.values('x-forwarded-for').filter((value) => value !== ''), facts.peerIp].join(', ')
    : exchange.request.ip
  const path = told(RequestField.forwardedPath) ?? exchange.routing.rawPath
  const stripped = told(RequestField.forwardedPrefix) ?? prefix
  return (
    `X-Forwarded-For: ${chain}\r\nX-Forwarded-Proto: ${scheme}\r\n` +
    `X-Forwarded-Host: ${host}\r\nX-Forwarded-Port: ${port}\r\nX-Forwarded-Path: ${path}\r\n` +
    (stripped === undefined ? '' : `X-Forwarded-Prefix: ${stripped}\r\n`) +
    `X-Real-IP: ${exchange.request.ip}\r\n`
  )
}
