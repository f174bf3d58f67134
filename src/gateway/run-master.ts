import type { Settings } from '../settings/settings.ts'
import { DataPlane, workerCount } from './data-plane.ts'
import { openLogs } from './logs.ts'
import { MemorySettler, QUIET_MS } from './memory-settler.ts'
import { nodeId, removePidFile, writePidFile } from './prefix-layout.ts'
import type { Gateway, GatewayOptions } from './start.ts'

export interface MasterOptions {
  readonly settings: Settings
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Reads the settings again, for SIGHUP. */
  readonly readAgain: () => Settings
  readonly onLoad?: GatewayOptions['onLoad']
}

export interface Master {
  readonly gateway: Gateway
  /** Resolves when the gateway has ended, after a signal. */
  readonly ended: Promise<void>
}

/**
 * Runs a gateway as this process: it keeps the pid file, and signals steer it as they do nginx.
 * TERM and INT end it at once, QUIT when requests have ended, HUP reloads, USR1 reopens logs.
 *
 * @throws {StartFault}
 */
export async function runMaster(options: MasterOptions): Promise<Master> {
  const { settings, environment, readAgain, onLoad } = options
  const logs = openLogs(settings)
  const id = nodeId(settings)
  const dataPlane = new DataPlane({ settings, nodeId: id, log: logs.error })
  dataPlane.startWorkers(workerCount(settings))
  // Loaded while the workers load theirs.
  const { startGateway } = await import('./start.ts')
  // Requests are the workers', and workers may have to share a core with this thread.
  const memory = new MemorySettler(cpuMs, QUIET_MS / 20)
  const gateway = await startGateway({
    settings,
    environment,
    logs,
    dataPlane,
    nodeId: id,
    onLoad(event) {
      memory.soon()
      onLoad?.(event)
    },
  })
  writePidFile(settings.prefix)

  const ended = new Promise<void>((resolve) => {
    const end = async (isGraceful: boolean) => {
      await gateway.close(isGraceful)
      removePidFile(settings.prefix)
      resolve()
    }
    // A second signal may hurry a graceful end; `close` sees to that.
    process.on('SIGTERM', () => void end(false))
    process.on('SIGINT', () => void end(false))
    process.on('SIGQUIT', () => void end(true))
  })
  process.on(
    'SIGHUP',
    oneAtATime(() => gateway.reload(readAgain)),
  )
  process.on('SIGUSR1', () => gateway.reopenLogs())
  return { gateway, ended }
}

/** Work asked for while it is being done is done once more afterwards, however often it was asked for. */
function oneAtATime(work: () => Promise<unknown>): () => void {
  let turn: Promise<unknown> = Promise.resolve()
  let isWaiting = false
  return () => {
    if (isWaiting) return
    isWaiting = true
    turn = turn.then(() => {
      isWaiting = false
      return work()
    })
  }
}

/** CPU time of all threads so far. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
