import { askPlace, type HttpPlace, type PlaceAnswer } from './http-place.ts'
import type { Config } from './schema.ts'
import type { AcmeStorage } from './storage.ts'

/**
 * The key-value store of Consul. It knows no end of values: what is stored for a time is taken away
 * by whoever stored it.
 *
 * @see https://developer.hashicorp.com/consul/api-docs/kv
 */
export function consulStorage(config: Config['storage_config']['consul']): AcmeStorage {
  const { token, kv_path: folder = 'acme' } = config
  const place: HttpPlace = {
    isTls: config.https,
    host: config.host ?? '127.0.0.1',
    port: config.port ?? 8500,
    timeoutMs: config.timeout ?? 2000,
    verifiesTls: true,
  }
  const headers = token === undefined ? {} : { 'X-Consul-Token': token }

  async function ask(method: string, key: string, more: { query?: string; body?: string } = {}) {
    const path = `/v1/kv/${folder}/${encodeURIComponent(key)}${more.query ?? ''}`
    const answer = await askPlace(place, { method, path, headers, body: more.body })
    if (answer.status !== 200 && answer.status !== 404) throw refusal(method, key, answer)
    return answer
  }

  const storage: AcmeStorage = {
    async get(key) {
      const { status, body } = await ask('GET', key, { query: '?raw' })
      return status === 404 ? undefined : body
    },
    async set(key, value, ttlSeconds) {
      await ask('PUT', key, { body: value })
      endLater(storage, key, ttlSeconds)
    },
    async add(key, value, ttlSeconds) {
      const { body } = await ask('PUT', key, { query: '?cas=0', body: value })
      const isAdded = body.trim() === 'true'
      if (isAdded) endLater(storage, key, ttlSeconds)
      return isAdded
    },
    async delete(key) {
      await ask('DELETE', key)
    },
    async list(prefix) {
      const { status, body } = await ask('GET', prefix, { query: '?keys' })
      if (status === 404) return []
      return (JSON.parse(body) as readonly string[]).map((key) => key.slice(folder.length + 1))
    },
  }
  return storage
}

function refusal(method: string, key: string, { status, body }: PlaceAnswer): Error {
  return new Error(`Consul answered ${status} to ${method} "${key}": ${body.slice(0, 200)}`)
}

/** Takes a value away after its time. What fails is left: it does no harm. */
export function endLater(
  storage: Pick<AcmeStorage, 'delete'>,
  key: string,
  ttlSeconds: number | undefined,
): void {
  if (ttlSeconds === undefined) return
  setTimeout(() => {
    storage.delete(key).catch(() => undefined)
  }, ttlSeconds * 1000).unref()
}
