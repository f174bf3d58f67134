import type { Exchange } from '../../plugin-kit/exchange.ts'
import { withoutBodyField, writeBodyFields } from '../../plugin-kit/body-fields.ts'
import { withoutArgument } from '../../plugin-kit/query-arguments.ts'
import { readParameters, textOf, type Parameters } from './parameters.ts'

/** A token as it came. */
export interface FoundToken {
  readonly text: string | undefined
  /** Takes it out of the request to the upstream. */
  readonly hide: () => void
}

/** From the header, else from the query or the body; a promise only where a body is read. */
export function findToken(
  exchange: Exchange,
  headerName: string,
): FoundToken | Promise<FoundToken> {
  const header = exchange.request.header(headerName.toLowerCase())
  if (header === undefined) {
    const parameters = readParameters(exchange.request)
    return parameters instanceof Promise
      ? parameters.then((read) => ofParameters(exchange, read))
      : ofParameters(exchange, parameters)
  }
  const [scheme = '', token, ...more] = header.trim().split(/\s+/)
  const isBearer = token !== undefined && more.length === 0 && /^(?:bearer|token)$/i.test(scheme)
  return {
    text: isBearer ? token : header,
    hide: () => {
      if (isBearer) exchange.upstream.removeHeader(headerName)
    },
  }
}

function ofParameters({ request, upstream }: Exchange, parameters: Parameters): FoundToken {
  return {
    text: textOf(parameters, 'access_token'),
    hide: () => {
      if (request.rawQuery !== '')
        upstream.rawQuery = withoutArgument(upstream.rawQuery, 'access_token')
      const { body } = parameters
      if (body?.kind === 'form' && request.method !== 'GET')
        upstream.setBody(writeBodyFields(withoutBodyField(body, 'access_token')))
    },
  }
}
