import type { Catalog, PluginSchema } from '../entities/catalog.ts'
import type { EntityKind } from '../entities/entity.ts'
import { fieldSchema, jsonSchema, type JsonSchema } from '../schema/json-schema.ts'
import { kindTree, type KindTree } from './kind-tree.ts'
import { FORMAT_VERSIONS } from './parse-head.ts'

/** JSON Schema of declarative files, for editors to complete and check them while they are written. */
export function jsonSchemaOfDeclarative(catalog: Catalog): JsonSchema {
  const tree = kindTree(catalog)
  const kinds = [...tree.kinds.values()]
  const lists = kinds.map(({ name }): [string, JsonSchema] => [name, listOf(name)])
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Declarative configuration',
    type: 'object',
    properties: {
      $schema: { type: 'string', description: 'Where this schema is, for editors. Ignored.' },
      _format_version: { type: 'string', enum: FORMAT_VERSIONS },
      _transform: {
        type: 'boolean',
        default: true,
        description:
          'Whether values are as people write them: false for exported files, in which passwords are hashed.',
      },
      ...COMMENTS,
      ...Object.fromEntries(lists),
    },
    required: ['_format_version'],
    additionalProperties: false,
    $defs: Object.fromEntries(
      kinds.map((kind) => [kind.name, kindSchema(kind, { catalog, tree })]),
    ),
  }
}

const COMMENTS = {
  _comment: { type: 'string', description: 'Ignored.' },
  _ignore: { type: 'array', description: 'Ignored.' },
}

function listOf(kind: string): JsonSchema {
  return { type: ['array', 'null'], items: { $ref: `#/$defs/${kind}` } }
}

interface SchemaSources {
  readonly catalog: Catalog
  readonly tree: KindTree
}

function kindSchema(kind: EntityKind, { catalog, tree }: SchemaSources): JsonSchema {
  const { $schema: _draft, ...schema } = jsonSchema({
    type: 'record',
    fields: kind.fields,
    ...(kind.shorthands && { shorthand_fields: kind.shorthands }),
  })
  const references = tree.foreignFieldsOf(kind.name).map(({ name }) => name)
  const nested = [...tree.childrenOf(kind.name).keys()]
  return {
    ...schema,
    properties: {
      ...(schema['properties'] as JsonSchema),
      ...Object.fromEntries(references.map((name) => [name, referenceSchema(kind, name)])),
      ...Object.fromEntries(nested.map((name) => [name, listOf(name)])),
      ...(kind.hasTtl === true && { ttl: { type: ['integer', 'null'], minimum: 0 } }),
      ...(kind.name === 'plugins' && { config: { type: ['object', 'null'] } }),
      ...COMMENTS,
    },
    // Inside its parent an entity need not name it.
    ...(Array.isArray(schema['required']) && {
      required: (schema['required'] as readonly string[]).filter(
        (name) => !references.includes(name),
      ),
    }),
    ...(kind.name === 'services' && { required: [] }),
    ...(kind.name === 'plugins' && { allOf: pluginSchemas(catalog) }),
  }
}

/** References are names or ids; an object with the id will do. */
function referenceSchema(kind: EntityKind, name: string): JsonSchema {
  const { description } = kind.fields[name]!
  return {
    ...(description !== undefined && { description }),
    anyOf: [
      { type: 'string' },
      { type: 'null' },
      { type: 'object', properties: { id: { type: 'string' } }, required: ['id'] },
    ],
  }
}

/** The config of a plugin depends on its name. */
function pluginSchemas(catalog: Catalog): readonly JsonSchema[] {
  const names = catalog.pluginNames()
  return [
    { properties: { name: { enum: names } } },
    ...names.map((name) => ({
      if: { properties: { name: { const: name } }, required: ['name'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { properties: pluginProperties(catalog.plugin(name)!) },
    })),
  ]
}

function pluginProperties({ config, not }: PluginSchema): JsonSchema {
  const forbidden = not.map((scope): [string, JsonSchema] => [scope, { type: 'null' }])
  return { config: fieldSchema({ ...config, required: false }), ...Object.fromEntries(forbidden) }
}
