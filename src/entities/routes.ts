import { boolean, foreign, integer, set, string } from '../schema/field.ts'
import type { EntityCheck, Fields } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import {
  CREATED_AT,
  ID,
  protocol,
  SERVER_NAME,
  TAGS,
  UPDATED_AT,
  UTF8_NAME,
  wildcardServerName,
} from './fields.ts'
import { routeAsExpression, type ExpressionRegex, type MatchFields } from './route-as-expression.ts'
import {
  EXPRESSION_FAULT,
  expressionChecks,
  EXPRESSION_FIELDS,
  type ExpressionRules,
} from './route-expression.ts'
import {
  addresses,
  ROUTE_HEADERS,
  ROUTE_HOSTS,
  ROUTE_METHODS,
  NOT_RUNNABLE,
  routePaths,
  type PathRules,
} from './route-fields.ts'
import { rustRegexFault } from './rust-regex-fault.ts'

export type RouterFlavor = 'traditional_compatible' | 'traditional' | 'expressions'

export interface RouteOptions extends PathRules, ExpressionRules {
  readonly flavor: RouterFlavor
}

/** Routes differ by router flavour, and further by protocol: see `route-protocols.ts`. */
export function routes(options: RouteOptions): EntityKind {
  return {
    name: 'routes',
    endpointKey: 'name',
    subschemaKey: 'protocols',
    fields: routeFields(options),
    checks: [
      snisNeedTls,
      pathHandlingIsRead,
      ...(options.flavor === 'traditional' ? [] : [regexesRun(options)]),
      ...(options.flavor === 'expressions' ? expressionChecks(options) : []),
    ],
  }
}

const snisNeedTls: EntityCheck = {
  conditional: {
    if_field: 'protocols',
    if_match: {
      elements: { type: 'string', not_one_of: ['grpcs', 'https', 'tls', 'tls_passthrough'] },
    },
    then_field: 'snis',
    then_match: { len_eq: 0 },
    then_err:
      "'snis' can only be set when 'protocols' is 'grpcs', 'https', 'tls' or 'tls_passthrough'",
  },
}

/** Kong reads it to warn of `v1`, and refuses nothing; it is here because `/schemas/routes` shows it. */
const pathHandlingIsRead: EntityCheck = {
  custom_entity_check: { field_sources: ['path_handling'], fn: () => undefined },
}

/** What a route is made an expression of; broken ones are not made one. */
const EXPRESSION_SOURCES = [
  'id',
  'protocols',
  'snis',
  'sources',
  'destinations',
  'methods',
  'hosts',
  'paths',
  'headers',
  'expression',
  'regex_priority',
  'priority',
]

/** In the newer flavours a route becomes an expression, and a regex that cannot run makes none. */
function regexesRun({ isRunnable }: PathRules): EntityCheck {
  return {
    custom_entity_check: {
      field_sources: EXPRESSION_SOURCES,
      run_with_missing_fields: true,
      fn: (route) => {
        if (!mayHoldRegexes(route)) return undefined
        const { text, regexes } = routeAsExpression(route)
        for (const regex of regexes) {
          const fault = rustRegexFault(regex.regex)
          if (fault !== undefined) return EXPRESSION_FAULT + markedFault(text, regex, fault)
          if (!isRunnable(regex.given))
            return `${EXPRESSION_FAULT}regex '${regex.given}' cannot run: ${NOT_RUNNABLE}`
        }
        return undefined
      },
    },
  }
}

/** Whether it is worth making an expression of it. */
function mayHoldRegexes({ paths, headers }: MatchFields): boolean {
  return headers !== undefined || (paths ?? []).some((path) => path.startsWith('~'))
}

/** A fault below the line it is in, with marks at its first and its last letter. */
function markedFault(text: string, { start, end }: ExpressionRegex, fault: string): string {
  const mark = `${' '.repeat(start)}^${'-'.repeat(end - start - 2)}^`
  return ` --> 1:${start + 1}\n  |\n1 | ${text}\n  | ${mark}\n  |\n  = ${fault}`
}

const flag = (description: string, usual: boolean) =>
  boolean({ description, required: true, default: usual })

function routeFields(options: RouteOptions): Fields {
  return {
    id: ID,
    created_at: CREATED_AT,
    updated_at: UPDATED_AT,
    name: UTF8_NAME,
    protocols: set(protocol(), {
      description: 'An array of the protocols this Route should allow.',
      len_min: 1,
      required: true,
      mutually_exclusive_subsets: [
        ['http', 'https'],
        ['tcp', 'tls', 'udp'],
        ['tls_passthrough'],
        ['grpc', 'grpcs'],
      ],
      default: ['http', 'https'],
    }),
    https_redirect_status_code: integer({
      description:
        'The status code Kong responds with when all properties of a Route match except the protocol',
      one_of: [426, 301, 302, 307, 308],
      default: 426,
      required: true,
    }),
    strip_path: flag(
      'When matching a Route via one of the paths, strip the matching prefix from the upstream request URL.',
      true,
    ),
    preserve_host: flag(
      'When matching a Route via one of the hosts domain names, use the request Host header in the upstream request headers.',
      false,
    ),
    request_buffering: flag('Whether to enable request body buffering or not.', true),
    response_buffering: flag('Whether to enable response body buffering or not.', true),
    tags: TAGS,
    service: foreign('services', {
      description:
        'The Service this Route is associated to. This is where the Route proxies traffic to.',
    }),
    ...matchFields(options),
    ...(options.flavor === 'expressions' ? EXPRESSION_FIELDS : {}),
  }
}

/** What decides whether a request is a route's. */
function matchFields(options: RouteOptions): Fields {
  return {
    snis: set(options.flavor === 'traditional' ? SERVER_NAME : wildcardServerName(), {
      description: 'A list of SNIs that match this Route.',
    }),
    sources: addresses(
      'A list of IP sources of incoming connections that match this Route when using stream routing.',
    ),
    destinations: addresses(
      'A list of IP destinations of incoming connections that match this Route when using stream routing.',
    ),
    methods: ROUTE_METHODS,
    hosts: ROUTE_HOSTS,
    // Where a check of the whole route says it, the field does not.
    paths: routePaths(options.flavor === 'traditional' ? options : { isRunnable: () => true }),
    headers: ROUTE_HEADERS,
    regex_priority: integer({
      description:
        'A number used to choose which route resolves a given request when several routes match it using regexes simultaneously.',
      default: 0,
    }),
    path_handling: string({
      description:
        'Controls how the Service path, Route path and requested path are combined when sending a request to the upstream.',
      default: 'v0',
      one_of: ['v0', 'v1'],
    }),
  }
}
