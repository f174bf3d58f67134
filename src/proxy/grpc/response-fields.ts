import { reasonPhrase } from '../../http/reason-phrases.ts'

/** Fields of HTTP/1 connections, which a careful peer does not send and nobody may see as framing. */
const LEFT_OUT: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

/** @param raw names and values in turn. @returns a head of HTTP/1.1, so that one codec reads all heads */
export function responseText(status: number, raw: readonly string[]): string {
  return `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n${fieldLines(raw)}\r\n`
}

/** @param raw names and values in turn. @returns lines, without pseudo-fields and those about connections */
export function fieldLines(raw: readonly string[]): string {
  let lines = ''
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index]!
    if (!name.startsWith(':') && !LEFT_OUT.has(name)) lines += `${name}: ${raw[index + 1]}\r\n`
  }
  return lines
}
