import { array, record, set, string } from '../schema/field.ts'
import type { Field } from '../schema/field.ts'
import { headerMap, IP_OR_CIDR, port } from './fields.ts'
import { routeHostFault } from './host.ts'
import { regexFault } from './regex-fault.ts'
import { escapeFault, normalRoutePath } from './uri-path.ts'

export interface PathRules {
  /** Whether the gateway's own engine runs a regex. */
  readonly isRunnable: (regex: string) => boolean
}

/** Said of a regex that is one, but not for an engine whose time is linear. */
export const NOT_RUNNABLE =
  'look-around, back-references and other constructs that need backtracking are not supported'

/** A path of a route: plain and in normal form, or `~` and a regex. */
export function routePaths({ isRunnable }: PathRules): Field {
  return array(
    string({
      description:
        "A string representing a router path. It must start with a forward slash ('/') for a fixed path, or the sequence '~/' for a regex path. It must not have empty segments.",
      match_any: {
        patterns: ['^/', '^~/'],
        err: 'should start with: / (fixed path) or ~/ (regex path)',
      },
      match_none: [{ pattern: '//', err: 'must not have empty segments' }],
      custom_validator: (path: string) => routePathFault(path, isRunnable),
    }),
    { description: 'An array of strings representing router paths.' },
  )
}

function routePathFault(path: string, isRunnable: (regex: string) => boolean): string | undefined {
  const wrongEscape = escapeFault(path)
  if (wrongEscape !== undefined) return wrongEscape
  if (path.startsWith('~')) return regexPathFault(path.slice(1), isRunnable)
  const normal = normalRoutePath(path)
  return normal === path ? undefined : `non-normalized path, consider use '${normal}' instead`
}

function regexPathFault(regex: string, isRunnable: (regex: string) => boolean): string | undefined {
  const fault = regexFault(regex)
  if (fault !== undefined) return `invalid regex: '${regex}' (PCRE returned: ${fault})`
  return isRunnable(regex) ? undefined : `invalid regex: '${regex}' (${NOT_RUNNABLE})`
}

export const ROUTE_HOSTS = array(
  string({
    match_all: [
      { pattern: '^[^*]*%*?[^*]*$', err: 'invalid wildcard: must have at most one wildcard' },
    ],
    match_any: {
      patterns: ['^%*%.', '%.%*$', '^[^*]*$'],
      err: 'invalid wildcard: must be placed at leftmost or rightmost label',
    },
    custom_validator: routeHostFault,
  }),
  {
    description:
      "An array of strings representing hosts. A valid host is a string containing one or more labels separated by periods, with at most one wildcard label ('*')",
  },
)

export const ROUTE_METHODS = set(
  string({
    description:
      'A string representing an HTTP method, such as GET, POST, PUT, or DELETE. The string must contain only uppercase letters.',
    match: '^%u+$',
  }),
  {
    description: 'A set of strings representing HTTP methods, such as GET, POST, PUT, and DELETE.',
  },
)

export const ROUTE_HEADERS = headerMap(undefined, {
  match_none: [
    {
      pattern: '^[Hh][Oo][Ss][Tt]$',
      err: "cannot contain 'host' header, which must be specified in the 'hosts' attribute",
    },
  ],
})

/** Addresses of a stream connection; one record names an address, a port or both. */
export function addresses(description: string): Field {
  return set(
    record(
      { ip: IP_OR_CIDR, port: port() },
      { entity_checks: [{ at_least_one_of: ['ip', 'port'] }] },
    ),
    { description },
  )
}
