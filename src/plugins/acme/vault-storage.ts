import { readFile } from 'node:fs/promises'
import { endLater } from './consul-storage.ts'
import { askPlace, type HttpPlace } from './http-place.ts'
import type { Config } from './schema.ts'
import type { AcmeStorage } from './storage.ts'

type VaultConfig = Config['storage_config']['vault']

const TOKEN_FILE = '/var/run/secrets/kubernetes.io/serviceaccount/token'

/**
 * The key-value store of HashiCorp Vault, in its second version, mounted at `secret`.
 *
 * @see https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
export function vaultStorage(config: VaultConfig, now: () => number): AcmeStorage {
  const { kv_path: folder = 'acme' } = config
  const place: HttpPlace = {
    isTls: config.https,
    host: config.host ?? '127.0.0.1',
    port: config.port ?? 8200,
    timeoutMs: config.timeout ?? 2000,
    verifiesTls: config.tls_verify,
    serverName: config.tls_server_name,
  }
  const token = tokenOf(config, place, now)

  async function ask(method: string, path: string, body?: object) {
    return askPlace(place, {
      method,
      path: `/v1/secret/${path}`,
      headers: { 'X-Vault-Token': await token() },
      body: body && JSON.stringify(body),
    })
  }
  const failed = (status: number, what: string): Error =>
    new Error(`Vault answered ${status} to ${what}`)
  const named = (key: string): string => `${folder}/${encodeURIComponent(key)}`
  const write = (key: string, value: string, options?: object) =>
    ask('POST', `data/${named(key)}`, { data: { value }, ...(options && { options }) })

  const storage: AcmeStorage = {
    async get(key) {
      const { status, body } = await ask('GET', `data/${named(key)}`)
      if (status === 404) return undefined
      if (status !== 200) throw failed(status, `GET "${key}"`)
      return (JSON.parse(body) as { data?: { data?: { value?: string } | null } }).data?.data?.value
    },
    async set(key, value, ttlSeconds) {
      const { status } = await write(key, value)
      if (status >= 300) throw failed(status, `POST "${key}"`)
      endLater(storage, key, ttlSeconds)
    },
    async add(key, value, ttlSeconds) {
      const { status, body } = await write(key, value, { cas: 0 })
      if (status === 400 && body.includes('check-and-set')) return false
      if (status >= 300) throw failed(status, `POST "${key}"`)
      endLater(storage, key, ttlSeconds)
      return true
    },
    async delete(key) {
      const { status } = await ask('DELETE', `metadata/${named(key)}`)
      if (status >= 300 && status !== 404) throw failed(status, `DELETE "${key}"`)
    },
    async list(prefix) {
      const { status, body } = await ask('GET', `metadata/${folder}?list=true`)
      if (status === 404) return []
      if (status !== 200) throw failed(status, 'the list of keys')
      const { data } = JSON.parse(body) as { data?: { keys?: readonly string[] } }
      return (data?.keys ?? []).map(decodeURIComponent).filter((key) => key.startsWith(prefix))
    },
  }
  return storage
}

/** The configured token, or one that is lent to a service account of Kubernetes. */
function tokenOf(config: VaultConfig, place: HttpPlace, now: () => number): () => Promise<string> {
  if (config.auth_method === 'token') return async () => config.token ?? ''
  let lent: { readonly token: string; readonly endsAtMs: number } | undefined
  return async () => {
    if (lent !== undefined && lent.endsAtMs > now()) return lent.token
    const jwt = (await readFile(config.jwt_path ?? TOKEN_FILE, 'utf8')).trim()
    const { status, body } = await askPlace(place, {
      method: 'POST',
      path: `/v1/auth/${config.auth_path ?? 'kubernetes'}/login`,
      headers: {},
      body: JSON.stringify({ role: config.auth_role, jwt }),
    })
    if (status !== 200) throw new Error(`Vault answered ${status} to the login by Kubernetes`)
    const { auth } = JSON.parse(body) as { auth: { client_token: string; lease_duration: number } }
    // Half of its time: it must outlive what is done with it.
    lent = { token: auth.client_token, endsAtMs: now() + (auth.lease_duration * 1000) / 2 }
    return lent.token
  }
}
