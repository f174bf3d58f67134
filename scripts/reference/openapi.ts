import type { AdminContext } from '../../src/admin/admin-context.ts'
import { adminResources } from '../../src/admin/admin-resources.ts'
import { openApi } from '../../src/admin/openapi/openapi.ts'
import { jsonSchemaOfDeclarative } from '../../src/declarative/json-schema.ts'
import { createCatalog } from '../../src/entities/create-catalog.ts'
import { portunusVersion } from '../../src/gateway/versions.ts'
import { BUNDLED_PLUGINS } from '../../src/plugins/all-plugins.ts'

const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })

/** The Admin API as OpenAPI, for all bundled plugins. */
export function openApiFile(): string {
  const routes = BUNDLED_PLUGINS.flatMap(({ adminRoutes }) => adminRoutes)
  // Its resources are only described, so nothing asks for the rest of the process.
  const context = { catalog, pluginEndpoints: { routes } } as unknown as AdminContext
  const resources = adminResources(context)
  return text(openApi({ catalog, resources, version: portunusVersion() }))
}

/** What `portunus schema` writes, for all bundled plugins. */
export function declarativeSchemaFile(): string {
  return text(jsonSchemaOfDeclarative(catalog))
}

function text(value: object): string {
  return JSON.stringify(value, undefined, 2)
}
