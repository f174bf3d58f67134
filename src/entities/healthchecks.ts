import { array, boolean, integer, number, record, string } from '../schema/field.ts'
import type { Field, Fields } from '../schema/field.ts'
import { headerMap, path, SERVER_NAME } from './fields.ts'

const PROBE_TYPES = ['tcp', 'http', 'https', 'grpc', 'grpcs'] as const

const HEALTHY_STATUSES = [
  200, 201, 202, 203, 204, 205, 206, 207, 208, 226, 300, 301, 302, 303, 304, 305, 306, 307, 308,
]

const probeType = () => string({ default: 'http', one_of: PROBE_TYPES })
const statuses = (usual: readonly number[]) =>
  array(integer({ between: [100, 999] }), { default: usual })
const seconds = () => number({ default: 0, between: [0, 65_535] })
/** How often something must happen; 0 switches the check off. */
const times = () => integer({ default: 0, between: [0, 255] })

const active = {
  type: probeType(),
  concurrency: integer({ default: 10, between: [1, 2_147_483_648] }),
  http_path: path({ default: '/' }),
  healthy: whole({ http_statuses: statuses([200, 302]), successes: times(), interval: seconds() }),
  https_verify_certificate: boolean({ required: true, default: true }),
  timeout: number({ default: 1, between: [0, 65_535] }),
  unhealthy: whole({
    http_statuses: statuses([429, 404, 500, 501, 502, 503, 504, 505]),
    interval: seconds(),
    tcp_failures: times(),
    timeouts: times(),
    http_failures: times(),
  }),
  headers: headerMap({ required: false }),
  https_sni: { ...SERVER_NAME, required: false },
}

const passive = {
  type: probeType(),
  healthy: whole({ http_statuses: statuses(HEALTHY_STATUSES), successes: times() }),
  unhealthy: whole({
    http_statuses: statuses([429, 500, 503]),
    timeouts: times(),
    http_failures: times(),
    tcp_failures: times(),
  }),
}

export const healthchecks: Field = {
  ...whole({
    active: whole(active),
    passive: whole(passive),
    threshold: number({ default: 0, between: [0, 100] }),
  }),
  default: withoutThreshold(),
  description: 'The array of healthchecks.',
}

/** A required record that also publishes the defaults of its fields as its own. */
function whole(fields: Fields): Field {
  return { ...record(fields), required: true, default: defaultsOf(fields) }
}

function defaultsOf(fields: Fields): Readonly<Record<string, unknown>> {
  const defaults: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(fields))
    if (field.default !== undefined) defaults[name] = field.default
  return defaults
}

function withoutThreshold(): Readonly<Record<string, unknown>> {
  return { active: defaultsOf(active), passive: defaultsOf(passive) }
}
