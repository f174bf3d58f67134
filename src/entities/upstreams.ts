import { boolean, foreign, integer, string } from '../schema/field.ts'
import type { EntityCheck, Rules, Shorthand } from '../schema/field.ts'
import type { EntityKind, HashInput } from './entity.ts'
import {
  cookieName,
  CREATED_AT,
  headerName,
  HOST_WITH_OPTIONAL_PORT,
  ID,
  path,
  TAGS,
  UPDATED_AT,
} from './fields.ts'
import { healthchecks } from './healthchecks.ts'
import { upstreamNameFault } from './host.ts'
import { outlierEjection, slowStart, slowStartFault } from './outlier-ejection.ts'

const HASH_INPUTS: readonly HashInput[] = [
  'none',
  'consumer',
  'ip',
  'header',
  'cookie',
  'path',
  'query_arg',
  'uri_capture',
]

const hashInput = () => string({ default: 'none', one_of: HASH_INPUTS })

function whenHashing(
  if_field: 'hash_on' | 'hash_fallback',
  input: HashInput,
  then_field: string,
  then_match: Rules & { readonly required?: boolean },
): EntityCheck {
  return { conditional: { if_field, if_match: { match: `^${input}$` }, then_field, then_match } }
}

const REQUIRED = { required: true }

const checks: readonly EntityCheck[] = [
  whenHashing('hash_on', 'header', 'hash_on_header', REQUIRED),
  whenHashing('hash_fallback', 'header', 'hash_fallback_header', REQUIRED),
  whenHashing('hash_on', 'cookie', 'hash_on_cookie', REQUIRED),
  whenHashing('hash_fallback', 'cookie', 'hash_on_cookie', REQUIRED),
  // A cookie is set where it is missing, so there is nothing to fall back from.
  whenHashing('hash_on', 'none', 'hash_fallback', { one_of: ['none'] }),
  whenHashing('hash_on', 'cookie', 'hash_fallback', { one_of: ['none'] }),
  whenHashing('hash_on', 'consumer', 'hash_fallback', {
    one_of: ['none', 'ip', 'header', 'cookie', 'path', 'query_arg', 'uri_capture'],
  }),
  whenHashing('hash_on', 'ip', 'hash_fallback', {
    one_of: ['none', 'consumer', 'header', 'cookie', 'path', 'query_arg', 'uri_capture'],
  }),
  whenHashing('hash_on', 'path', 'hash_fallback', {
    one_of: ['none', 'consumer', 'header', 'cookie', 'query_arg', 'ip', 'uri_capture'],
  }),
  { distinct: ['hash_on_header', 'hash_fallback_header'] },
  whenHashing('hash_on', 'query_arg', 'hash_on_query_arg', REQUIRED),
  whenHashing('hash_fallback', 'query_arg', 'hash_fallback_query_arg', REQUIRED),
  { distinct: ['hash_on_query_arg', 'hash_fallback_query_arg'] },
  whenHashing('hash_on', 'uri_capture', 'hash_on_uri_capture', REQUIRED),
  whenHashing('hash_fallback', 'uri_capture', 'hash_fallback_uri_capture', REQUIRED),
  { distinct: ['hash_on_uri_capture', 'hash_fallback_uri_capture'] },
  {
    custom_entity_check: {
      own: true,
      field_sources: ['slow_start', 'algorithm'],
      run_with_missing_fields: true,
      fn: slowStartFault,
    },
  },
]

/**
 * Algorithm and hash input decide about each other, in this order: an algorithm that hashes nothing
 * unsets the input, and an input asks for consistent hashing.
 */
const shorthands: Readonly<Record<string, Shorthand>> = {
  algorithm: {
    field: string(),
    expand: (algorithm: string | null) =>
      algorithm === 'least-connections' || algorithm === 'latency'
        ? { algorithm, hash_on: null }
        : { algorithm },
  },
  hash_on: {
    field: string(),
    expand: (input: string | null) => {
      if (input === null) return { hash_on: 'none' }
      return { hash_on: input, algorithm: input === 'none' ? 'round-robin' : 'consistent-hashing' }
    },
  },
}

export const upstreams: EntityKind = {
  name: 'upstreams',
  endpointKey: 'name',
  fields: {
    id: ID,
    created_at: CREATED_AT,
    name: string({
      description: 'This is a hostname, which must be equal to the host of a Service.',
      required: true,
      unique: true,
      custom_validator: upstreamNameFault,
    }),
    updated_at: UPDATED_AT,
    algorithm: string({
      description: 'Which load balancing algorithm to use.',
      default: 'round-robin',
      one_of: ['consistent-hashing', 'least-connections', 'round-robin', 'latency'],
    }),
    hash_on: hashInput(),
    hash_fallback: hashInput(),
    hash_on_header: headerName(),
    hash_fallback_header: headerName(),
    hash_on_cookie: cookieName({
      description: 'The cookie name to take the value from as hash input.',
    }),
    hash_on_cookie_path: path({ default: '/' }),
    hash_on_query_arg: string({ len_min: 1 }),
    hash_fallback_query_arg: string({ len_min: 1 }),
    hash_on_uri_capture: string({ len_min: 1 }),
    hash_fallback_uri_capture: string({ len_min: 1 }),
    slots: integer({
      description: 'The number of slots in the load balancer algorithm.',
      default: 10_000,
      between: [10, 65_536],
    }),
    healthchecks,
    tags: TAGS,
    host_header: HOST_WITH_OPTIONAL_PORT,
    client_certificate: foreign('certificates', {
      description:
        'If set, the certificate to be used as client certificate while TLS handshaking to the upstream server.',
    }),
    use_srv_name: boolean({
      description: 'If set, the balancer will use SRV hostname.',
      default: false,
    }),
    slow_start: slowStart,
    outlier_ejection: outlierEjection,
  },
  checks,
  shorthands,
}
