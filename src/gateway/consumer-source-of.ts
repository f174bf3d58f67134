import { askFunction } from '../consumer-source/ask-function.ts'
import { askHttp } from '../consumer-source/ask-http.ts'
import { askPostgres } from '../consumer-source/ask-postgres.ts'
import { rememberingSource, type RememberingSource } from '../consumer-source/consumer-source.ts'
import type { Ask } from '../consumer-source/question.ts'
import { readRecord } from '../consumer-source/read-record.ts'
import { entityId } from '../declarative/uuid-v5.ts'
import {
  consumerSourcePlace,
  consumerSourceQueries,
  SOURCED_KINDS,
} from '../settings/consumer-source.ts'
import type { Settings } from '../settings/settings.ts'
import type { Logger } from '../telemetry/logger.ts'

/**
 * The source of consumers that the settings name, as one worker holds it. Nothing is connected to
 * before somebody is looked up.
 *
 * @returns nothing where none is configured
 * @throws when the file of a function cannot be used
 */
export async function consumerSourceOf(
  settings: Settings,
  log: Pick<Logger, 'error' | 'notice'>,
): Promise<RememberingSource | undefined> {
  const place = consumerSourcePlace(settings)
  if (place === undefined) return undefined
  // Needs all plugins, which a worker without a source need not have.
  const { catalogOfSettings } = await import('./catalog-of.ts')
  const catalog = await catalogOfSettings(settings)
  const queries = consumerSourceQueries(settings)
  const known = place.kind === 'postgres' ? [...queries.keys()] : SOURCED_KINDS
  const rules = { catalog, idOf: entityId, now: Date.now }
  return rememberingSource({
    ask: await askOf(settings, queries),
    // A kind goes with the plugin that brings it.
    kinds: new Set(known.filter((kind) => catalog.kind(kind) !== undefined)),
    read: (answer, question) => readRecord(answer, question, rules),
    limits: {
      ttlMs: settings.consumer_source_ttl * 1000,
      negTtlMs: settings.consumer_source_neg_ttl * 1000,
      staleMs: settings.consumer_source_stale_ttl * 1000,
      entries: settings.consumer_source_size,
      timeoutMs: settings.consumer_source_timeout,
      questions: settings.consumer_source_questions,
      vainOfOneClient: settings.consumer_source_misses_per_client,
      vainOfAll: settings.consumer_source_misses,
    },
    now: Date.now,
    log,
  })
}

async function askOf(settings: Settings, queries: ReadonlyMap<string, string>): Promise<Ask> {
  const place = consumerSourcePlace(settings)!
  switch (place.kind) {
    case 'postgres':
      return askPostgres({
        url: place.url.href,
        queries,
        connections: settings.consumer_source_connections,
        timeoutMs: settings.consumer_source_timeout,
      })
    case 'http':
      return askHttp(place.url, settings.consumer_source_token || undefined)
    case 'file':
      return askFunction(place.file)
  }
}
