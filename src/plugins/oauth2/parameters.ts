import { bodyValues, readBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'

const BODY_LIMIT_BYTES = 1024 * 1024
const WITH_BODY: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

/** The parameters of a request: of its query, and of its body, which wins. */
export interface Parameters {
  /** A text, a list for one that is repeated, `true` for one without value. */
  get(name: string): unknown
  /** The body's own fields, where it has some. */
  readonly body: BodyFields | undefined
}

/** A promise only where there is a body to read. */
export function readParameters(request: ClientRequest): Parameters | Promise<Parameters> {
  if (!WITH_BODY.has(request.method) || !request.hasBody) return parametersOf(request, undefined)
  return request
    .readBody(BODY_LIMIT_BYTES)
    .then((body) =>
      parametersOf(
        request,
        body === 'too-large' ? undefined : readBodyFields(request.header('content-type'), body),
      ),
    )
}

function parametersOf(request: ClientRequest, body: BodyFields | undefined): Parameters {
  return {
    body,
    get(name) {
      const inBody = body === undefined ? [] : bodyValues(body, name)
      const values = inBody.length > 0 ? inBody : request.queryValues(name)
      return values.length > 1 ? values : values[0]
    },
  }
}

/** @returns nothing for what is no text, or an empty one */
export function textOf(parameters: Parameters, name: string): string | undefined {
  const value = parameters.get(name)
  return typeof value === 'string' && value !== '' ? value : undefined
}
