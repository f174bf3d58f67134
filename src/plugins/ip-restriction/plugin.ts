import { isIP } from 'node:net'
import { addressSet } from '../../plugin-kit/address-set.ts'
import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import { ALL_PROTOCOLS, definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import type { RecordOf } from '../../schema/field.ts'
import { checks, schema } from './schema.ts'

/** Lets through, or keeps out, clients by their address. What is denied stays out whatever is allowed. */
export const ipRestriction: Plugin = definePlugin({
  name: 'ip-restriction',
  priority: 990,
  schema,
  checks,
  protocols: {
    allowed: ALL_PROTOCOLS,
    default: ['http', 'https', 'tcp', 'tls', 'grpc', 'grpcs'],
  },

  create(config) {
    const check = checkBy(config)
    return {
      access: ({ request }) => check(request.ip),
      preread: ({ ip }) => check(ip),
    }
  },
})

function checkBy(config: RecordOf<typeof schema>): (ip: string) => Answer | undefined {
  const { status = 403 } = config
  const denied = addressSet(config.deny ?? [])
  const allowed = config.allow?.length ? addressSet(config.allow) : undefined

  return function check(ip) {
    if (isIP(ip) === 0)
      return refuse(
        403,
        'Cannot identify the client IP address, unix domain sockets are not supported.',
      )
    const isDenied = denied.has(ip)
    if (!isDenied && allowed?.has(ip) !== false) return undefined
    const reason = `ip-restriction: ${ip} is ${isDenied ? 'denied' : 'not among the allowed'}`
    return refuse(status, config.message ?? `IP address not allowed: ${ip}`, { reason })
  }
}
