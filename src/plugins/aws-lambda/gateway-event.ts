import { headersAsObject, queryAsObject, type ByName } from '../../plugin-kit/as-object.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import type { Config } from './schema.ts'

/**
 * The event that Amazon's API Gateway would call a function with.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, payload format version 1.0
 */
export function gatewayEvent(exchange: Exchange, config: Config, body: Buffer | undefined): object {
  const { request, upstream, captures } = exchange
  const headers = headersAsObject(upstream.headers())
  const query = queryAsObject(request.query())
  const isBase64 = config.base64_encode_body && body?.length !== 0
  return {
    version: '1.0',
    resource: matchedPath(exchange),
    path: upstream.path,
    httpMethod: request.method,
    headers: firstValues(headers),
    multiValueHeaders: allValues(headers),
    pathParameters: { ...captures?.named },
    queryStringParameters: firstValues(query),
    multiValueQueryStringParameters: allValues(query),
    body: isBase64 ? (body?.toString('base64') ?? '') : body?.toString(),
    isBase64Encoded: isBase64,
    requestContext: requestContext(exchange),
  }
}

function requestContext(exchange: Exchange): object {
  const { request, upstream, id, startedAtMs } = exchange
  const { path } = upstream
  return {
    path,
    protocol: `HTTP/${request.httpVersion}`,
    httpMethod: request.method,
    domainName: request.host,
    domainPrefix: request.host.split('.', 1)[0],
    identity: { sourceIp: request.peerIp, userAgent: upstream.header('user-agent') },
    requestId: id,
    requestTime: commonLogTime(startedAtMs),
    requestTimeEpoch: startedAtMs,
    // There are no stages here, so that the resource's path is the path.
    resourcePath: path,
  }
}

/** The path of the route that was met. Of several that are prefixes the longest counts. */
function matchedPath({ route, request }: Exchange): string | undefined {
  const paths = route?.paths ?? []
  const prefixes = paths.filter((path) => request.path.startsWith(path))
  if (prefixes.length > 0)
    return prefixes.reduce((one, other) => (other.length > one.length ? other : one))
  return paths.find((path) => path.startsWith('~'))?.slice(1)
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ')

/** `27/Nov/2026:18:59:03 +0000` */
function commonLogTime(ms: number): string {
  const time = new Date(ms).toISOString()
  const [year, month, day] = time.slice(0, 10).split('-')
  return `${day}/${MONTHS[Number(month) - 1]}/${year}:${time.slice(11, 19)} +0000`
}

function firstValues<Value>(grouped: ByName<Value>): Readonly<Record<string, Value>> {
  return mapped(grouped, ([first]) => first!)
}

function allValues<Value>(grouped: ByName<Value>): Readonly<Record<string, readonly Value[]>> {
  return mapped(grouped, (values) => values)
}

/** Names are a client's, and `__proto__` is one like all others. */
function mapped<Value, Result>(
  grouped: ByName<Value>,
  change: (values: readonly Value[]) => Result,
): Readonly<Record<string, Result>> {
  const result = Object.create(null) as Record<string, Result>
  for (const [name, value] of Object.entries(grouped))
    result[name] = change(Array.isArray(value) ? value : [value])
  return result
}
