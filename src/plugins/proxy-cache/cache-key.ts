import { createHash } from 'node:crypto'
import { toByteString } from '../../base/buffer-slices.ts'
import { headersAsBytes, queryAsObject, type ByName } from '../../plugin-kit/as-object.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { argumentsAsBytes } from '../../plugin-kit/query-arguments.ts'
import type { Config } from './schema.ts'

/**
 * The name of a request's entry: whose it is, the request line up to the query, the arguments and
 * headers that tell entries apart. What an upstream says in `Vary` is not looked at, as in Kong.
 * All of it is bytes, so that requests are alike only when they are, and but for the line it is what
 * earlier plugins left of the request.
 */
export function cacheKeyBy(config: Config): (exchange: Exchange) => string {
  const varyQuery = config.vary_query_params?.map(toByteString)
  const varyHeaders = config.vary_headers?.map(toByteString)
  return (exchange) => {
    const { upstream } = exchange
    const line = requestLine(exchange)
    const parts = [
      ownerOf(exchange),
      upstream.method,
      config.ignore_uri_case ? line.toLowerCase() : line,
      argumentsPart(queryAsObject(argumentsAsBytes(upstream.rawQuery)), varyQuery),
      varyHeaders?.length
        ? namedPart(headersAsBytes(upstream.headers()), varyHeaders, (name) => name.toLowerCase())
        : '',
    ]
    return createHash('sha256').update(parts.join('|'), 'latin1').digest('hex')
  }
}

function ownerOf({ consumer, route }: Exchange): string {
  if (route === undefined) return 'default'
  return consumer === undefined ? route.id : `${consumer.id}:${route.id}`
}

/** Cut at the query, so that the version stands in it only where there is none. */
function requestLine({ request }: Exchange): string {
  const { method, rawPath, pathWithQuery, httpVersion } = request
  if (pathWithQuery !== rawPath) return `${method} ${rawPath}`
  return `${method} ${rawPath} HTTP/${httpVersion === '2' ? '2.0' : httpVersion}`
}

function argumentsPart(args: ByName<string | true>, vary: readonly string[] | undefined): string {
  return namedPart(args, vary?.length ? vary : Object.keys(args).toSorted())
}

/** The names stand in it as they are configured; `keyOf` says under which name a value is found. */
function namedPart(
  values: ByName<string | true>,
  names: readonly string[],
  keyOf: (name: string) => string = (name) => name,
): string {
  return names
    .flatMap((name) => {
      const value = values[keyOf(name)]
      if (value === undefined) return []
      if (value === true) return [apart(name)]
      const texts = Array.isArray(value) ? value.map(String).toSorted() : [value]
      return [`${apart(name)}=${texts.map(apart).join(',')}`]
    })
    .join(':')
}

/**
 * A name or value without the letters that stand between others. Otherwise `?a=1%3Ab=2` would be
 * answered with what is kept of `?a=1&b=2`, and whoever asks first decide what others get.
 */
function apart(text: string): string {
  return text.replaceAll(
    /[%:|,=]/g,
    (letter) => `%${letter.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
