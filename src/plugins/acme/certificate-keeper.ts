import type { Entity } from '../../entities/entity.ts'
import type { EntityLookup, NodeServices } from '../../plugin-kit/plugin.ts'
import type { AcmeStorage } from './storage.ts'
import { CERTIFICATE_PREFIX } from './storage-keys.ts'

/** PEM texts. */
export interface CertificatePair {
  readonly cert: string
  readonly key: string
}

/** Where certificates are kept. */
export interface CertificateKeeper {
  load(host: string): Promise<CertificatePair | undefined>
  store(host: string, pair: CertificatePair): Promise<void>
  /** Whether the gateway finds them by itself, as it does those of its configuration. */
  readonly isConfiguration: boolean
}

/** Beside accounts and challenges; for gateways without a database. */
export function keptInStorage(storage: AcmeStorage): CertificateKeeper {
  return {
    isConfiguration: false,
    async load(host) {
      const text = await storage.get(CERTIFICATE_PREFIX + host)
      return text === undefined ? undefined : readPair(text, host)
    },
    store: (host, { cert, key }) =>
      storage.set(CERTIFICATE_PREFIX + host, JSON.stringify({ key, cert })),
  }
}

function readPair(text: string, host: string): CertificatePair {
  const { cert, key } = JSON.parse(text) as Partial<CertificatePair>
  if (typeof cert !== 'string' || typeof key !== 'string')
    throw new TypeError(`What is stored for ${host} is no certificate`)
  return { cert, key }
}

const TAGS = ['managed-by-acme']

/** As certificates of the configuration, in its database. */
export function keptAsEntities(
  node: Pick<NodeServices, 'administer'>,
  entities: EntityLookup,
): CertificateKeeper {
  const ofHost = (host: string): Entity | undefined => {
    const sni = entities.by('snis', 'name', host)
    const certificate = sni?.['certificate'] as { readonly id: string } | undefined
    return certificate && entities.byId('certificates', certificate.id)
  }
  return {
    isConfiguration: true,
    async load(host) {
      const row = ofHost(host)
      return row && { cert: row['cert'] as string, key: row['key'] as string }
    },
    async store(host, { cert, key }) {
      const old = ofHost(host)
      const made = await administer(node, 'POST', '/certificates', { cert, key, tags: TAGS })
      const certificate = { id: (made as { readonly id: string }).id }
      const path = `/snis/${encodeURIComponent(host)}`
      await administer(node, 'PUT', path, { certificate, tags: TAGS })
      if (old !== undefined) await administer(node, 'DELETE', `/certificates/${old.id}`)
    },
  }
}

/** @returns the row that was written. @throws when it was not */
export async function administer(
  { administer: ask }: Pick<NodeServices, 'administer'>,
  method: 'POST' | 'PUT' | 'DELETE',
  path: string,
  body?: object,
): Promise<unknown> {
  if (ask === undefined) throw new Error('The configuration cannot be written from here')
  const answer = await ask({ method, path, body })
  if (answer.status < 300) return answer.body
  throw new Error(`${method} ${path} was answered ${answer.status}: ${JSON.stringify(answer.body)}`)
}
