import type { Catalog } from '../../entities/catalog.ts'
import type { Method, Resource } from '../resource.ts'
import { entitySchemas } from './entity-schemas.ts'
import { entityOperation } from './entity-operations.ts'
import { OTHER_OPERATIONS, pluginOperation, type Operation } from './other-operations.ts'

export interface OpenApiOptions {
  readonly catalog: Catalog
  /** All of the Admin API; of several with one path the last counts. */
  readonly resources: readonly Resource[]
  /** Of this program. */
  readonly version: string
}

const DESCRIPTION = `Compatible with the Admin API of Kong Gateway 3.9, and some more.

Bodies may also be sent as \`application/x-www-form-urlencoded\` or \`multipart/form-data\`, in which \`config.key=value\`
and \`config[key]=value\` nest and \`a[]=x\` makes lists. Wherever a path names an entity, its name or key does as well as
its id.`

/** Describes the Admin API as OpenAPI 3.1, from the same schemas that answer its requests. */
export function openApi({ catalog, resources, version }: OpenApiOptions): object {
  const byPath = new Map(resources.map((resource) => [resource.path, resource]))
  const paths = [...byPath.values()]
    .filter(({ always }) => always === undefined)
    .sort((a, b) => (a.path < b.path ? -1 : 1))
  return {
    openapi: '3.1.0',
    info: {
      title: 'Portunus Admin API',
      version,
      description: DESCRIPTION,
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: 'http://localhost:8001', description: 'The default of `admin_listen`.' }],
    security: [{}, { token: [] }],
    paths: Object.fromEntries(paths.map((resource) => [resource.path, pathItem(resource)])),
    components: {
      securitySchemes: {
        token: {
          type: 'http',
          scheme: 'bearer',
          description: 'The value of `admin_token`, where it is set.',
        },
      },
      schemas: { ...entitySchemas(catalog), error: ERROR },
      responses: {
        error: {
          description: 'Why it was not done.',
          content: { 'application/json': { schema: { $ref: '#/components/schemas/error' } } },
        },
      },
    },
  }
}

const ERROR = {
  type: 'object',
  properties: {
    message: { type: 'string' },
    code: { type: 'integer', description: 'Of the kind of error; absent where it has none.' },
    name: { type: 'string', description: 'Of the kind of error.' },
    fields: { type: 'object', description: 'What is wrong with which field, nested as the body.' },
  },
  required: ['message'],
}

function pathItem(resource: Resource): object {
  const parameters = [...resource.path.matchAll(/\{([^}]+)\}/g)].map(([, name]) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }))
  const methods = Object.keys(resource.methods) as Method[]
  return {
    ...(parameters.length > 0 && { parameters }),
    ...Object.fromEntries(
      methods.map((method) => [
        method.toLowerCase(),
        { operationId: operationId(method, resource.path), ...operation(method, resource) },
      ]),
    ),
  }
}

function operation(method: Method, resource: Resource): Operation {
  return (
    entityOperation(method, resource) ??
    OTHER_OPERATIONS[`${method} ${resource.path}`] ??
    pluginOperation(resource.path)
  )
}

/** `GET /services/{services}/routes` → `get_services_by_services_routes`. */
function operationId(method: Method, path: string): string {
  const words = path
    .split('/')
    .filter((segment) => segment !== '')
    .map((segment) => segment.replace(/^\{(.*)\}$/, 'by_$1').replaceAll(/[^\w]/g, '_'))
  return [method.toLowerCase(), ...words].join('_')
}
