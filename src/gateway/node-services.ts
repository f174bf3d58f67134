import os from 'node:os'
import type { NodeServices } from '../plugin-kit/plugin.ts'
import { nodeTickets, sharedValues, type SharedMemory } from '../plugin-kit/shared-memory.ts'
import type { Settings } from '../settings/settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import { hasDatabase } from './database-of.ts'
import { askForIssuedRows } from './issued-rows.ts'
import type { LastWork } from './last-work.ts'
import { COMPATIBILITY_VERSION } from './versions.ts'

/** What plugins may use of the node they run on. Lives as long as the thread. */
export function nodeServices(options: {
  readonly nodeId: string
  readonly memory: SharedMemory
  readonly log: Logger
  readonly lastWork: Pick<LastWork, 'add' | 'ending'>
  /** In force now; changes with a reload. */
  readonly settings: () => Settings
  readonly administer: NonNullable<NodeServices['administer']>
  readonly statistics: NonNullable<NodeServices['statistics']>
  readonly upstreamHealth: NonNullable<NodeServices['upstreamHealth']>
  readonly consumerSource: NodeServices['consumerSource']
}): NodeServices {
  const kept = new Map(sharedValues(options.memory))
  const node: NodeServices = {
    nodeId: options.nodeId,
    hostname: os.hostname(),
    version: COMPATIBILITY_VERSION,
    log: options.log,
    now: Date.now,
    keep<Value>(name: string, make: () => Value): Value {
      if (!kept.has(name)) kept.set(name, make())
      return kept.get(name) as Value
    },
    setting: (name) => options.settings()[name as keyof Settings],
    complete: (work) => options.lastWork.add(work),
    ending: options.lastWork.ending,
    onLogLine: (listener) => options.log.onLine(listener),
    administer: options.administer,
    statistics: options.statistics,
    upstreamHealth: options.upstreamHealth,
    consumerSource: options.consumerSource,
  }
  if (!hasDatabase(options.settings())) return node
  const { administer } = options
  return {
    ...node,
    issuedRows: askForIssuedRows({ administer, memory: nodeTickets(node), now: Date.now }),
  }
}
