import { json, message } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { cacheResources } from './cache-resources.ts'
import { certificateResources } from './certificate-resources.ts'
import { configResource } from './config-resource.ts'
import { openApi } from './openapi/openapi.ts'
import { parentsOf, topResources } from './entity-resources.ts'
import { credentialResources } from './credential-resources.ts'
import { decisionResources } from './decision-resources.ts'
import { explainResources } from './explain-resources.ts'
import { historyResources } from './history-resources.ts'
import { listPage } from './list-page.ts'
import { logLevelResources } from './log-level-resources.ts'
import { nestedResources } from './nested-resources.ts'
import { nodeResources } from './node-resources.ts'
import { pluginResources } from './plugin-resources.ts'
import { presentEntity } from './present-entity.ts'
import { publicKeyResources } from './public-key-resources.ts'
import type { Resource } from './resource.ts'
import { resourceTable } from './resource-table.ts'
import { schemaResources } from './schema-resources.ts'
import { tagResources } from './tag-resources.ts'
import { targetResources } from './target-resources.ts'
import { unavailableResources } from './unavailable-resources.ts'
import { upstreamHealthResource } from './upstream-health-resource.ts'

/**
 * All addresses of the Admin API: those that follow from the catalog, then those that are not like
 * the others and take the place of theirs.
 */
export function adminResources(context: AdminContext): readonly Resource[] {
  const generated = generatedResources(context)
  const resources = [
    ...generated,
    ...certificateResources(context, generated),
    ...targetResources(context, generated),
    consumersResource(context, generated),
    upstreamHealthResource(context),
    ...nodeResources(context),
    ...schemaResources(context),
    configResource(context),
    ...historyResources(context),
    ...tagResources(context),
    ...cacheResources(context),
    ...logLevelResources(context),
    ...explainResources(context),
    ...decisionResources(context),
    ...credentialResources(context),
    ...publicKeyResources(context),
    ...unavailableResources(),
    ...pluginResources(context),
  ]
  const all = [...resources, endpointsResource(resources)]
  return [...all, openApiResource(context, all)]
}

/** The description of all others, made when it is first asked for. */
function openApiResource(context: AdminContext, resources: readonly Resource[]): Resource {
  let description: object | undefined
  const own: Resource = {
    path: '/openapi.json',
    isUnlisted: true,
    methods: {
      GET: () => {
        description ??= openApi({
          catalog: context.catalog,
          resources: [...resources, own],
          version: context.node.portunusVersion,
        })
        return json(200, description)
      },
    },
  }
  return own
}

function generatedResources(context: AdminContext): readonly Resource[] {
  const kinds = context.catalog.kinds().filter(({ isInternal }) => isInternal !== true)
  const names = new Set(kinds.map(({ name }) => name))
  return kinds.flatMap((kind) => {
    const resources = [
      ...topResources(context, kind),
      ...parentsOf(kind)
        .filter((parent) => names.has(parent.kind))
        .flatMap((parent) => nestedResources(context, kind, parent)),
    ]
    return kind.own === true
      ? resources.map((resource) => ({ ...resource, isUnlisted: true }))
      : resources
  })
}

/** Consumers can also be asked for by the id that another system knows them by. */
function consumersResource(context: AdminContext, generated: readonly Resource[]): Resource {
  const kind = context.catalog.kind('consumers')!
  const all = generated.find((resource) => resource.path === '/consumers')!
  return {
    ...all,
    methods: {
      ...all.methods,
      GET: ({ query }) => {
        const customId = query.get('custom_id')
        if (customId === undefined) return listPage(context, kind, query)
        if (customId === true || customId === '')
          return message(400, 'custom_id must be an unempty string')
        const row = context.store.getBy('consumers', 'custom_id', customId)
        const data = row === undefined ? [] : [presentEntity(context, 'consumers', row)]
        return json(200, { data, next: null })
      },
    },
  }
}

function endpointsResource(resources: readonly Resource[]): Resource {
  const path = '/endpoints'
  const listed = resources.filter(({ isUnlisted }) => isUnlisted !== true)
  const table = resourceTable([...listed, { path, methods: {} }])
  return { path, methods: { GET: () => json(200, { data: table.paths() }) } }
}
