import { bodyValues, readBodyFields } from '../../plugin-kit/body-fields.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import type { Config } from './schema.ts'

const BODY_LIMIT_BYTES = 64 * 1024
const WITH_BODY: ReadonlySet<string> = new Set(['DELETE', 'PATCH', 'POST', 'PUT'])

/** Whether a request ends its session; a promise only where the body decides. */
export function logoutRule(config: Config): (request: ClientRequest) => boolean | Promise<boolean> {
  const methods: ReadonlySet<string> = new Set(config.logout_methods)
  return (request) => {
    if (!methods.has(request.method)) return false
    if (request.queryValue(config.logout_query_arg) !== undefined) return true
    if (!config.read_body_for_logout || !WITH_BODY.has(request.method) || !request.hasBody)
      return false
    return request.readBody(BODY_LIMIT_BYTES).then((body) => {
      if (body === 'too-large') return false
      const fields = readBodyFields(request.header('content-type'), body)
      return fields !== undefined && bodyValues(fields, config.logout_post_arg).length > 0
    })
  }
}
