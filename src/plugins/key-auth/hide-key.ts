import { withoutBodyField, writeBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { withoutArgument } from '../../plugin-kit/query-arguments.ts'

/**
 * Takes everything of a key's name out of the request to the upstream: header, query argument, and
 * the body's field where keys may stand in it.
 *
 * @param body as sent by the client
 */
export function hideKey(
  { request, upstream }: Exchange,
  name: string,
  body: BodyFields | undefined,
): void {
  upstream.removeHeader(name)
  if (name.includes('_')) upstream.removeHeader(name.replaceAll('_', '-'))
  if (request.rawQuery !== '') {
    const query = withoutArgument(upstream.rawQuery, name)
    if (query !== upstream.rawQuery) upstream.rawQuery = query
  }
  if (body !== undefined) upstream.setBody(writeBodyFields(withoutBodyField(body, name)))
}
