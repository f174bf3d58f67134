import { boolean, record, set, string } from '../schema/field.ts'
import type { Field, Fields } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import type { PluginSchema } from './catalog.ts'
import { CREATED_AT, ID, owner, protocol, TAGS, UPDATED_AT, UTF8_NAME } from './fields.ts'

const HTTP_PROTOCOLS = ['grpc', 'grpcs', 'http', 'https'] as const

const PROTOCOLS = set(string({ one_of: HTTP_PROTOCOLS }), {
  description: 'A set of strings representing HTTP protocols.',
  required: true,
  default: HTTP_PROTOCOLS,
})

/** Plugins as far as all have it; `pluginFields` narrows this by name. */
export const plugins: EntityKind = {
  name: 'plugins',
  endpointKey: 'instance_name',
  cacheKey: ['name', 'route', 'service', 'consumer'],
  uniqueTogether: [['name', 'route', 'service', 'consumer']],
  subschemaKey: 'name',
  fields: {
    id: ID,
    name: string({
      description: "The name of the Plugin that's going to be added.",
      required: true,
    }),
    instance_name: UTF8_NAME,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    route: owner('routes', {
      default: null,
      description:
        'If set, the plugin will only activate when receiving requests via the specified route. Leave unset for the plugin to activate regardless of the route being used.',
    }),
    service: owner('services', {
      default: null,
      description:
        'If set, the plugin will only activate when receiving requests via one of the routes belonging to the specified service. Leave unset for the plugin to activate regardless of the service being matched.',
    }),
    consumer: owner('consumers', {
      default: null,
      description:
        'If set, the plugin will activate only for requests where the specified has been authenticated.',
    }),
    config: { ...record({}), abstract: true },
    protocols: anyProtocols(HTTP_PROTOCOLS),
    enabled: boolean({
      description: 'Whether the plugin is applied.',
      required: true,
      default: true,
    }),
    tags: TAGS,
  },
}

/** What one plugin adds to or narrows in the fields of all, in the order `/schemas/plugins/…` shows. */
export function pluginFields(plugin: PluginSchema): Fields {
  const scopes = plugin.not.map((scope): [string, Field] => [
    scope,
    {
      type: 'foreign',
      reference: `${scope}s`,
      description: 'Custom type for representing a foreign key with a null value allowed.',
      eq: null,
    },
  ])
  return {
    ...Object.fromEntries(scopes),
    protocols: pluginProtocols(plugin.protocols),
    config: { ...plugin.config, required: true },
  }
}

function pluginProtocols({ allowed, default: usual }: PluginSchema['protocols']): Field {
  if (allowed.every((name) => HTTP_PROTOCOLS.some((known) => known === name)))
    return { ...PROTOCOLS, default: usual }
  return anyProtocols(usual)
}

function anyProtocols(usual: readonly string[]): Field {
  return set(protocol(), {
    description: 'A set of strings representing protocols.',
    required: true,
    default: usual,
  })
}
