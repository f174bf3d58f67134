import type { Answer } from '../../plugin-kit/answer.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { httpCaller } from '../../plugin-kit/http-caller.ts'
import {
  definePlugin,
  type Plugin,
  type PluginContext,
  type PluginHandlers,
} from '../../plugin-kit/plugin.ts'
import { redisClient } from '../../plugin-kit/redis-counters.ts'
import { adminRoutes, readyInstances, type Instance } from './admin-routes.ts'
import { keptAsEntities, keptInStorage } from './certificate-keeper.ts'
import { Certificates } from './certificates.ts'
import { consulStorage } from './consul-storage.ts'
import { databaseStorage } from './database-storage.ts'
import { domainRule } from './domains.ts'
import { acmeStorage } from './entities.ts'
import { memoryStorage } from './memory-storage.ts'
import { redisStorage } from './redis-storage.ts'
import { renewDaily } from './renew-daily.ts'
import { checksFor, schema, type Config } from './schema.ts'
import { ServedCertificates } from './served-certificates.ts'
import type { AcmeStorage } from './storage.ts'
import { vaultStorage } from './vault-storage.ts'

/** Has certificates made by an authority that speaks ACME, for the names that clients ask for. */
export const acme: Plugin = acmeWith(false)

/** With a database certificates become part of the configuration. */
export const acmeWithDatabase: Plugin = acmeWith(true)

function acmeWith(hasDatabase: boolean): Plugin {
  return definePlugin({
    name: 'acme',
    priority: 1705,
    schema,
    checks: checksFor(hasDatabase),
    not: ['consumer', 'service', 'route'],
    entities: [acmeStorage],
    adminRoutes,
    create: (config, context) => handlersFor(config, context, hasDatabase),
  })
}

const AUTHORITY_TIMEOUT_MS = 30_000
const CHALLENGE_PATH = /^\/\.well-known\/acme-challenge\/(.+)/

function handlersFor(
  config: Config,
  { node, entities }: PluginContext,
  hasDatabase: boolean,
): PluginHandlers {
  const allows = domainRule(config)
  const storage = storageOf(config, { node, entities })
  // An order outlives the configuration that began it, since what it stores may lead to another one.
  const caller = node.keep('acme caller', () =>
    httpCaller({ timeoutMs: AUTHORITY_TIMEOUT_MS, verifiesTls: true }),
  )
  const certificates = new Certificates({
    config,
    node,
    entities,
    storage,
    keeper: hasDatabase ? keptAsEntities(node, entities) : keptInStorage(storage),
    caller,
    wait: (ms) => new Promise((resolve) => setTimeout(resolve, ms).unref()),
  })
  const { log } = node
  const served = new ServedCertificates({ certificates, allows, log, now: () => node.now() })
  const instance: Instance = {
    certificates,
    allows,
    async fetch(url) {
      const { status, body } = await caller.call({ method: 'GET', url: new URL(url), headers: {} })
      return { status, text: body.toString() }
    },
  }
  readyInstances(node).add(instance)
  const renewal = renewDaily(certificates, node)

  return {
    certificate: (serverName) => served.get(serverName),
    access(exchange) {
      const token = tokenAskedFor(exchange)
      if (token === undefined || !allows(exchange.request.host)) return undefined
      return answerChallenge(certificates, token)
    },
    dispose() {
      readyInstances(node).delete(instance)
      renewal.stop()
    },
  }
}

/** Authorities ask by plain HTTP. */
function tokenAskedFor({ request }: Exchange): string | undefined {
  if (request.scheme !== 'http') return undefined
  return CHALLENGE_PATH.exec(request.path)?.[1]
}

async function answerChallenge(certificates: Certificates, token: string): Promise<Answer> {
  const answer = await certificates.challenge(token)
  return {
    kind: 'exit',
    status: answer === undefined ? 404 : 200,
    headers: { 'content-type': 'text/plain' },
    body: `${answer ?? 'Not found'}\n`,
    reason: 'acme: a challenge of the authority',
  }
}

function storageOf(
  config: Config,
  { node, entities }: Pick<PluginContext, 'node' | 'entities'>,
): AcmeStorage {
  const { storage_config: places } = config
  switch (config.storage) {
    case 'shm':
      return memoryStorage(node)
    case 'kong':
      return databaseStorage(node, entities)
    case 'redis':
      return redisStorage(redisClient(node, places.redis), places.redis)
    case 'consul':
      return consulStorage(places.consul)
    case 'vault':
      return vaultStorage(places.vault, () => node.now())
  }
}
