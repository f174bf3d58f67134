import { withoutBodyField, writeBodyFields, type BodyFields } from '../../plugin-kit/body-fields.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { asFormWithoutArgument } from '../../plugin-kit/query-arguments.ts'

/**
 * Takes everything of a key's name out of the request to the upstream: header, query argument, and
 * the body's field where keys may stand in it. The query is written anew even when it has no such
 * argument, as Kong does.
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
  if (request.rawQuery !== '') upstream.rawQuery = asFormWithoutArgument(upstream.rawQuery, name)
  if (body !== undefined) upstream.setBody(writeBodyFields(withoutBodyField(body, name)))
}
