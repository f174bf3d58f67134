import { describe, expect, it } from 'vitest'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import {
  expressible,
  FORM_STYLES,
  formFields,
  multipart,
  urlEncoded,
} from '../../support/form-encoding.ts'
import { adminClient, type Answer } from './admin-client.ts'

const MODEL = { route_type: 'llm/v1/chat', model: { provider: 'openai', name: 'x' } }

/** What plugins cannot do without, and what is hard to say in a form. */
const CONFIGS: Readonly<Record<string, object>> = {
  acl: { allow: ['a', 'b'] },
  acme: { account_email: 'a@b.test', tos_accepted: true, storage: 'shm' },
  'ai-prompt-decorator': { prompts: { prepend: [{ role: 'system', content: 'a\nb=c&d' }] } },
  'ai-prompt-guard': { allow_patterns: ['a'] },
  'ai-prompt-template': { templates: [{ name: 't', template: '{ "a": "{{b}}" }' }] },
  'ai-proxy': { ...MODEL, auth: { header_name: 'a', header_value: 'b' } },
  'ai-request-transformer': { prompt: 'x', llm: MODEL },
  'ai-response-transformer': { prompt: 'x', llm: MODEL },
  'aws-lambda': { function_name: 'f', aws_region: 'us-east-1' },
  'azure-functions': { functionname: 'f', appname: 'a' },
  'file-log': { path: '/tmp/x', custom_fields_by_lua: { 'a.b': 'return 1' } },
  'grpc-gateway': { proto: '/dev/null' },
  'http-log': { http_endpoint: 'http://log.test/', headers: { 'x-a': 'b' } },
  'ip-restriction': { allow: ['10.0.0.0/8', '::1'] },
  jwt: { issuers: [{ issuer: 'https://i.test/', audiences: ['a', 'b'] }] },
  'ldap-auth': { ldap_host: 'a', base_dn: 'dc=a', attribute: 'cn' },
  loggly: { key: 'k' },
  oauth2: { scopes: ['a', 'b'], mandatory_scope: true, enable_password_grant: true },
  'openid-connect': { issuer: 'https://i.test' },
  opentelemetry: {
    traces_endpoint: 'http://otel.test/',
    resource_attributes: { 'service.name': 'x' },
  },
  'post-function': { log: ['return 1'] },
  'pre-function': { access: ['return', 'return 2'] },
  'proxy-cache': { strategy: 'memory' },
  'rate-limiting': { minute: 5 },
  redirect: { location: 'http://a.test/' },
  'request-transformer': { add: { headers: ['a:b'] }, rename: { querystring: ['c:d'] } },
  'response-ratelimiting': { limits: { 'video.hd': { minute: 5, hour: 10 } } },
  'standard-webhooks': { secret_v1: 'x' },
  statsd: { metrics: [{ name: 'latency', stat_type: 'timer' }] },
  'tcp-log': { host: 'a', port: 1 },
  'udp-log': { host: 'a', port: 1 },
  zipkin: { http_endpoint: 'http://zipkin.test/', static_tags: [{ name: 'a', value: 'b' }] },
}

describe('the configuration of a plugin', () => {
  it.each(BUNDLED_PLUGINS.map(({ name }) => name))(
    'is the same from JSON and from any form: %s',
    async (name) => {
      const made = await adminClient().call('POST', '/plugins', {
        name,
        config: CONFIGS[name] ?? {},
      })
      expect(made).toMatchObject({ status: 201 })
      const row = expressible(made.body) as { readonly id: string }
      const where = `/plugins/${row.id}`
      const json = timeless(await adminClient().call('PUT', where, row))
      expect(json.status).toBe(200)
      for (const style of FORM_STYLES) {
        const fields = formFields(row, style)
        const form = await adminClient().call('PUT', where, urlEncoded(fields))
        expect(timeless(form)).toEqual(json)
        const type = { 'content-type': 'multipart/form-data; boundary=edge' }
        const parts = await adminClient().send('PUT', where, type, multipart(fields, 'edge'))
        expect(timeless(parts)).toEqual(json)
      }
    },
  )
})

function timeless({ status, body }: Answer): { readonly status: number; readonly body: object } {
  const { updated_at: _updatedAt, ...row } = body as Readonly<Record<string, unknown>>
  return { status, body: row }
}
