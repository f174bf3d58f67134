import { Validator } from '@seriousme/openapi-schema-validator'
import { describe, expect, it } from 'vitest'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { adminClient } from './admin-client.ts'

interface Described {
  readonly openapi: string
  readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>
  readonly components: { readonly schemas: Readonly<Record<string, Schema>> }
}

interface Operation {
  readonly operationId?: string
  readonly summary?: string
}

interface Schema {
  readonly properties: Readonly<Record<string, Schema & { readonly enum?: readonly unknown[] }>>
}

const pluginEndpoints = {
  routes: BUNDLED_PLUGINS.flatMap(({ adminRoutes }) => adminRoutes),
  answer: () => Promise.reject(new Error('nobody is asked')),
}
const admin = adminClient({ changes: { pluginEndpoints } })
const description = async () => (await admin.call('GET', '/openapi.json')).body as Described

function operationsOf({ paths }: Described): readonly (readonly [string, Operation])[] {
  return Object.entries(paths).flatMap(([path, item]) =>
    Object.entries(item)
      .filter(([method]) => method !== 'parameters')
      .map(([method, operation]) => [`${method.toUpperCase()} ${path}`, operation] as const),
  )
}

describe('GET /openapi.json', () => {
  it('is a valid description in OpenAPI 3.1', async () => {
    const described = await description()
    expect(described.openapi).toBe('3.1.0')
    const result = await new Validator().validate({ ...described })
    expect(result.errors).toBeUndefined()
    expect(result.valid).toBe(true)
  })

  it('has every path that /endpoints lists, except those that are not there', async () => {
    const { paths } = await description()
    const { data } = (await admin.call('GET', '/endpoints')).body as { data: readonly string[] }
    const absent = data.filter((path) => !Object.hasOwn(paths, path))
    expect(
      absent.filter((path) => !/^\/targets|filter.chains|^\/snis\/.*\/certificate/.test(path)),
    ).toEqual([])
    expect(paths).toHaveProperty(['/config/rollback'])
  })

  it('says of every operation what it does, and names each once', async () => {
    const operations = operationsOf(await description())
    const ids = operations.map(([, { operationId }]) => operationId)
    expect(new Set(ids).size).toBe(ids.length)
    const plugins = new Set(
      pluginEndpoints.routes.map(
        ({ method, path }) => `${method} ${path.replaceAll(/:([^/]+)/g, '{$1}')}`,
      ),
    )
    const unsaid = operations.filter(
      ([name, { summary = '' }]) => summary.startsWith('Ask the plugins') && !plugins.has(name),
    )
    expect(unsaid).toEqual([])
  })

  it('describes entities and plugins by the schemas that check them', async () => {
    const { schemas } = (await description()).components
    expect(schemas['services-changes']!.properties['protocol']!.enum).toContain('grpcs')
    expect(schemas['plugin-config-jwt']!.properties).toHaveProperty('claims_to_verify')
    expect(schemas).toHaveProperty('keyauth_credentials')
  })
})
