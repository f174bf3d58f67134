import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { EntityKind } from '../entities/entity.ts'
import { json, message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import { schemaViolationAnswer } from './error-answers.ts'
import { nestFields } from './form-fields.ts'
import { nowSeconds } from './present-entity.ts'
import type { AdminRequest, Resource } from './resource.ts'

/** The schemas of all kinds, plugins and vaults, and what it takes to try an entity against one. */
export function schemaResources({ catalog }: AdminContext): readonly Resource[] {
  const validated = (request: AdminRequest, name: string): AdminAnswer =>
    validate(catalog, catalog.kind(name), name, request)
  return [
    {
      path: '/schemas/{name}',
      methods: {
        GET: ({ params: { name } }) =>
          described(catalog.describe(name!), `No entity named '${name}'`),
      },
    },
    {
      path: '/schemas/{db_entity_name}/validate',
      methods: { POST: (request) => validated(request, request.params['db_entity_name']!) },
    },
    {
      path: '/schemas/plugins/{name}',
      methods: {
        GET: ({ params: { name } }) =>
          described(catalog.describePlugin(name!), `No plugin named '${name}'`),
      },
    },
    {
      path: '/schemas/plugins/validate',
      methods: { POST: (request) => validated(request, 'plugins') },
    },
    {
      path: '/schemas/vaults/{name}',
      methods: {
        GET: ({ params: { name } }) =>
          described(catalog.describeVault(name!), `No vault named '${name}'`),
      },
    },
    {
      path: '/schemas/vaults/validate',
      methods: { POST: (request) => validated(request, 'vaults') },
    },
    {
      path: '/schemas/filters/{name}',
      methods: { GET: ({ params: { name } }) => message(404, `Filter '${name}' not found`) },
    },
    {
      path: '/plugins/schema/{name}',
      methods: {
        GET: ({ params: { name } }) =>
          described(configOf(catalog.describePlugin(name!)), `No plugin named '${name}'`),
      },
    },
  ]
}

function described(schema: object | undefined, unknown: string): AdminAnswer {
  return schema === undefined ? message(404, unknown) : json(200, schema)
}

/** Only what stands in `config`, as the older address shows it. */
function configOf(schema: Readonly<Record<string, unknown>> | undefined): object | undefined {
  if (schema === undefined) return undefined
  const fields = schema['fields'] as readonly Readonly<Record<string, Record<string, unknown>>>[]
  const config = fields.find((field) => 'config' in field)?.['config'] ?? {}
  const { fields: inner = [], entity_checks: checks = [], shorthand_fields: shorthands } = config
  return {
    fields: inner,
    entity_checks: checks,
    ...(shorthands !== undefined && { shorthand_fields: shorthands }),
  }
}

/** Neither uniqueness nor references are looked at: it is about the entity alone. */
function validate(
  catalog: AdminContext['catalog'],
  kind: EntityKind | undefined,
  name: string,
  request: AdminRequest,
): AdminAnswer {
  if (kind === undefined) return message(404, `No entity named '${name}'`)
  const fields = triedFields(request)
  const parsed = catalog.parse(name, fields, { mode: 'insert', nowSeconds: nowSeconds() })
  return parsed.ok
    ? message(200, 'schema validation successful')
    : schemaViolationAnswer(parsed.violations)
}

/**
 * What is tried: arguments of the query too, those of the body before them. Nothing is turned into
 * what a field asks for, so a number of a form is a text, and wrong.
 */
function triedFields({ query, input }: AdminRequest): JsonObject {
  const pairs = [...query].map(([name, value]) => [name, String(value)] as const)
  const body = bodyFields(input)
  return {
    ...asLists(nestFields(pairs)),
    ...(input.kind === 'form' ? asLists(body) : body),
  }
}

/** The fields of a form as they stand; numbered members become lists, empty texts null. */
function asLists(fields: JsonObject): JsonObject {
  const plain = Object.create(null) as JsonObject
  for (const [name, value] of Object.entries(fields)) plain[name] = plainValue(value)
  return plain
}

function plainValue(value: unknown): unknown {
  if (value === '') return null
  if (Array.isArray(value)) return value.map(plainValue)
  if (!isJsonObject(value)) return value
  const members = asLists(value)
  const isList = Object.keys(members).every((name, at) => name === String(at + 1))
  return isList ? Object.values(members) : members
}
