import { message, NO_CONTENT, type AdminAnswer } from './admin-answer.ts'
import { adminResources } from './admin-resources.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import { statusResource } from './node-resources.ts'
import { PUBLIC_KEYS_PATH } from './public-key-resources.ts'
import type { AdminRequest, Resource } from './resource.ts'

/** What the Status API shows, which may be asked by anybody: it changes nothing but `draining`. */
const SHOWN = new Set(['/status/dns', '/metrics', PUBLIC_KEYS_PATH])
/** Shown without a database, where all nodes have their health to themselves. */
const SHOWN_DB_LESS = new Set([
  '/upstreams/{upstreams}/health',
  '/upstreams/{upstreams}/targets',
  '/upstreams/{upstreams}/targets/all',
  '/upstreams/{upstreams}/targets/{targets}',
])

/** All addresses of the Status API. */
export function statusResources(context: AdminContext): readonly Resource[] {
  const shared = adminResources(context)
    .filter(({ path }) => SHOWN.has(path) || (context.isDbLess && SHOWN_DB_LESS.has(path)))
    .map(({ path, methods }): Resource => ({ path, methods: readOnly(methods) }))
  return [...shared, statusResource(context), readyResource(context)]
}

function readOnly({ GET }: Resource['methods']): Resource['methods'] {
  return GET === undefined ? {} : { GET }
}

function readyResource({ readiness }: AdminContext): Resource {
  return {
    path: '/status/ready',
    methods: {
      GET: async () => {
        const obstacle = await readiness?.obstacle()
        return obstacle === undefined ? message(200, 'ready') : message(503, obstacle)
      },
      POST: (request) => drain(readiness, request),
    },
  }
}

function drain(readiness: AdminContext['readiness'], { input, query }: AdminRequest): AdminAnswer {
  const status = bodyFields(input)['status'] ?? query.get('status')
  if (status !== 'draining' || readiness === undefined)
    return message(400, 'invalid status: only "draining" can be set')
  readiness.drain()
  return NO_CONTENT
}
