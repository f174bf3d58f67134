import type {
  AdminAnswer,
  AdminRequest,
  AdminRoute,
  NodeServices,
} from '../../plugin-kit/plugin.ts'
import { certificateDetails, type CertificateDetails } from './certificate-details.ts'
import type { Certificates } from './certificates.ts'
import type { DomainRule } from './domains.ts'

/** What is configured, for the Admin API. A configuration has one instance at most. */
export interface Instance {
  readonly certificates: Certificates
  readonly allows: DomainRule
  /** @returns the status and text of a page. @throws when there is no answer */
  fetch(url: string): Promise<{ readonly status: number; readonly text: string }>
}

/**
 * The instances that are ready on this worker. A configuration that is being prepared may have one
 * beside the one that is served, and be given up again.
 */
export function readyInstances(node: NodeServices): Set<Instance> {
  return node.keep('acme instances', () => new Set<Instance>())
}

export const adminRoutes: readonly AdminRoute[] = [
  { method: 'POST', path: '/acme', handle: withInstance(create) },
  { method: 'PATCH', path: '/acme', handle: withInstance(renew) },
  { method: 'GET', path: '/acme/certificates', handle: withInstance(list) },
  { method: 'GET', path: '/acme/certificates/:certificates', handle: withInstance(show) },
]

function withInstance(
  handle: (instance: Instance, request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>,
) {
  return (request: AdminRequest): AdminAnswer | Promise<AdminAnswer> => {
    const current = [...readyInstances(request.node)].at(-1)
    return current === undefined ? { status: 404 } : handle(current, request)
  }
}

const said = (status: number, message: string): AdminAnswer => ({ status, body: { message } })

async function create(instance: Instance, { body }: AdminRequest): Promise<AdminAnswer> {
  const { host, test_http_challenge_flow: isTest } = (body ?? {}) as Record<string, unknown>
  if (typeof host !== 'string' || host === '')
    return said(400, 'host must be provided and containing a single domain')
  // A port would make this a way to reach whatever listens.
  if (host.includes(':')) return said(400, 'port is not allowed in host')
  if (isTest === true || isTest === 'true') return testChallenge(instance, host)
  try {
    await instance.certificates.update(host)
  } catch (error) {
    return said(500, `failed to update certificate: ${(error as Error).message}`)
  }
  return said(201, `certificate for host ${host} is created`)
}

/** Asks the gateway what an authority would ask, by the way an authority would take. */
async function testChallenge(instance: Instance, host: string): Promise<AdminAnswer> {
  const fault = instance.allows(host)
    ? await challengeFault(instance, host)
    : 'host is not among the configured domains'
  return fault === undefined
    ? said(200, `sanity test for host ${host} passed`)
    : said(400, `problem found running sanity check for ${host}: ${fault}`)
}

async function challengeFault(instance: Instance, host: string): Promise<string | undefined> {
  const base = `http://${host}/.well-known/acme-challenge/`
  try {
    const { status, text } = await instance.fetch(`${base}x`)
    if (text.includes('no Route matched with those values'))
      return `${base}* doesn't map to a Route in Kong; please refer to docs on how to create dummy Route and Service`
    if (text === 'Not found\n') return undefined
    const unexpected = `unexpected response: "${text}"`
    return status === 404 ? unexpected : `${unexpected}, unexpected status code: ${status}`
  } catch (error) {
    return (error as Error).message
  }
}

function renew({ certificates }: Instance, { node }: AdminRequest): AdminAnswer {
  certificates.renew().catch((error: unknown) => node.log.error('acme: cannot renew', error))
  return said(202, 'Renewal process started successfully')
}

async function list(instance: Instance, { query, node }: AdminRequest): Promise<AdminAnswer> {
  const { certificates } = instance
  const shown: CertificateDetails[] = []
  for (const host of await certificates.hosts()) {
    const pair = await certificates.load(host)
    if (pair !== undefined) shown.push(certificateDetails(pair.cert, node.now()))
  }
  const { invalid_only: only } = query
  const isWanted = only !== undefined && only !== 'false'
  return { status: 200, body: { data: isWanted ? shown.filter(({ valid }) => !valid) : shown } }
}

async function show(
  { certificates }: Instance,
  { parameters, node }: AdminRequest,
): Promise<AdminAnswer> {
  const host = parameters['certificates'] ?? ''
  const pair = await certificates.load(host)
  return pair === undefined
    ? said(404, `Certificate for host ${host} not found in storage`)
    : { status: 200, body: { data: certificateDetails(pair.cert, node.now()) } }
}
