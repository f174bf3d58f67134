import type { ClientRequest } from '../../plugin-kit/exchange.ts'

/**
 * The text that was signed: a line for each name, in the client's order. A header that is there wins
 * over a special name; one that is not stands as its name and a colon.
 *
 * @see draft-cavage-http-signatures, which is no standard; `request-line` is Kong's addition
 */
export function signingString(request: ClientRequest, names: readonly string[]): string {
  return names.map((name) => lineOf(request, name)).join('\n')
}

function lineOf(request: ClientRequest, name: string): string {
  const value = request.header(name.toLowerCase())
  if (value !== undefined) return `${name}: ${value}`
  if (name === '@request-target')
    return `${name}: ${request.method.toLowerCase()} ${request.pathWithQuery}`
  if (name === 'request-line')
    return `${request.method} ${request.pathWithQuery} HTTP/${protocolVersion(request)}`
  return `${name}:`
}

function protocolVersion({ httpVersion }: ClientRequest): string {
  return httpVersion === '2' ? '2.0' : httpVersion
}
