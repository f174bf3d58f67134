import type { Catalog, PluginSchema } from '../../entities/catalog.ts'
import type { EntityKind } from '../../entities/entity.ts'
import { array, integer, string, type Fields } from '../../schema/field.ts'
import { fieldSchema, jsonSchema, type JsonSchema } from '../../schema/json-schema.ts'

/** Where a kind's schema is found. */
export function schemaReference(kind: string, isChange = false): JsonSchema {
  return { $ref: `#/components/schemas/${kind}${isChange ? '-changes' : ''}` }
}

/** Two schemas of each kind: of whole rows, and of what `PATCH` takes; and one of each plugin's config. */
export function entitySchemas(catalog: Catalog): Readonly<Record<string, JsonSchema>> {
  const kinds = catalog.kinds().filter(({ isInternal }) => isInternal !== true)
  const plugins = catalog.pluginNames()
  return {
    ...Object.fromEntries(
      kinds.flatMap((kind) => {
        const { required = [], ...changes } = kindSchema(kind, plugins)
        return [
          [kind.name, { ...schemaReference(kind.name, true), required }],
          [`${kind.name}-changes`, changes],
        ]
      }),
    ),
    ...Object.fromEntries(
      plugins.map((name) => [configName(name), configSchema(catalog.plugin(name)!)]),
    ),
  }
}

function kindSchema(kind: EntityKind, plugins: readonly string[]): JsonSchema {
  const { $schema: _draft, ...schema } = jsonSchema({
    type: 'record',
    fields: { ...kind.fields, ...besideRow(kind) },
    ...(kind.shorthands && { shorthand_fields: kind.shorthands }),
  })
  if (kind.name === 'services') return { ...schema, required: [] }
  return kind.name === 'plugins' ? withConfigs(schema, plugins) : schema
}

/** What answers show of a row that is kept elsewhere. */
function besideRow({ name, hasTtl }: EntityKind): Fields {
  return {
    ...(hasTtl === true && { ttl: integer({ description: 'Seconds until it ends.' }) }),
    ...(name === 'certificates' && {
      snis: array(string(), { description: 'Names it is shown to clients for.' }),
    }),
  }
}

/** The config of a plugin depends on its name. */
function withConfigs(schema: JsonSchema, plugins: readonly string[]): JsonSchema {
  return {
    ...schema,
    properties: {
      ...(schema['properties'] as JsonSchema),
      name: { type: 'string', enum: plugins },
      config: { type: ['object', 'null'] },
    },
    allOf: plugins.map((name) => ({
      if: { properties: { name: { const: name } }, required: ['name'] },
      // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
      then: { properties: { config: { $ref: `#/components/schemas/${configName(name)}` } } },
    })),
  }
}

function configName(plugin: string): string {
  return `plugin-config-${plugin}`
}

function configSchema({ config }: PluginSchema): JsonSchema {
  return fieldSchema({ ...config, required: false })
}
