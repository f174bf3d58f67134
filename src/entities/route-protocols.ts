import type { EntityCheck, Field, Fields } from '../schema/field.ts'
import type { Protocol } from './entity.ts'
import type { RouterFlavor } from './routes.ts'

/** What a route's first protocol changes in its schema. */
export interface ProtocolSubschema {
  readonly fields: Fields
  readonly checks: readonly EntityCheck[]
}

/**
 * The subschema of a protocol: fields it cannot have, and the list of which it must have one.
 *
 * @param fields those of the route kind, which are narrowed here
 */
export function protocolSubschema(
  protocol: Protocol,
  fields: Fields,
  flavor: RouterFlavor,
): ProtocolSubschema {
  switch (protocol) {
    case 'http':
    case 'https':
      return httpSubschema(fields, flavor)
    case 'grpc':
    case 'grpcs':
      return grpcSubschema(fields, flavor)
    case 'tcp':
    case 'tls':
    case 'udp':
      return {
        fields: withoutHttp(fields),
        checks: [
          atLeastOne(
            ['sources', 'destinations', 'snis'],
            "must set one of 'sources', 'destinations', 'snis' when 'protocols' is 'tcp', 'tls' or 'udp'",
            flavor,
          ),
        ],
      }
    case 'tls_passthrough':
      return {
        fields: withoutHttp(fields),
        checks: [
          atLeastOne(['snis'], "must set snis when 'protocols' is 'tls_passthrough'", flavor),
        ],
      }
  }
}

function httpSubschema(fields: Fields, flavor: RouterFlavor): ProtocolSubschema {
  const when = "'http' or 'https'"
  return {
    fields: forbidding(fields, flavor === 'expressions' ? [] : ['sources', 'destinations'], when),
    checks: [
      byContent(
        ['methods', 'hosts', 'headers', 'paths', 'snis'],
        { secure: 'https', plain: 'http' },
        flavor,
      ),
    ],
  }
}

function grpcSubschema(fields: Fields, flavor: RouterFlavor): ProtocolSubschema {
  const when = "'grpc' or 'grpcs'"
  const forbidden = flavor === 'expressions' ? ['methods'] : ['methods', 'sources', 'destinations']
  return {
    fields: {
      ...forbidding(fields, forbidden, when),
      strip_path: {
        ...fields['strip_path']!,
        default: false,
        ne: true,
        err: `cannot set 'strip_path' when 'protocols' is ${when}`,
      },
    },
    checks: [
      byContent(['hosts', 'headers', 'paths', 'snis'], { secure: 'grpcs', plain: 'grpc' }, flavor),
    ],
  }
}

function withoutHttp(fields: Fields): Fields {
  return forbidding(
    fields,
    ['methods', 'hosts', 'paths', 'headers'],
    "'tcp', 'tls', 'tls_passthrough' or 'udp'",
  )
}

function forbidding(fields: Fields, names: readonly string[], when: string): Fields {
  const forbidden = names.map((name): [string, Field] => [
    name,
    { ...fields[name]!, eq: null, err: `cannot set '${name}' when 'protocols' is ${when}` },
  ])
  return Object.fromEntries(forbidden)
}

/** `snis` count only where one of the protocols is the encrypted one. */
function byContent(
  names: readonly string[],
  { secure, plain }: { readonly secure: Protocol; readonly plain: Protocol },
  flavor: RouterFlavor,
): EntityCheck {
  const withoutSnis = names.filter((name) => name !== 'snis')
  const all = flavor === 'expressions' ? [...names, 'expression'] : names
  const some = flavor === 'expressions' ? [...withoutSnis, 'expression'] : withoutSnis
  return {
    conditional_at_least_one_of: {
      if_field: 'protocols',
      if_match: { contains: secure },
      then_at_least_one_of: all,
      then_err: `must set one of %s when 'protocols' is '${secure}'`,
      else_match: { contains: plain },
      else_then_at_least_one_of: some,
      else_then_err: `must set one of %s when 'protocols' is '${plain}'`,
    },
  }
}

function atLeastOne(names: readonly string[], text: string, flavor: RouterFlavor): EntityCheck {
  const all = flavor === 'expressions' ? [...names, 'expression'] : names
  return {
    conditional_at_least_one_of: {
      if_field: 'protocols',
      if_match: {},
      then_at_least_one_of: all,
      then_err:
        flavor === 'expressions'
          ? `must set one of %s when 'protocols' is ${text.split(' is ')[1]}`
          : text,
    },
  }
}
