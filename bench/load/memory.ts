import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import type { ContenderSetup } from './contenders/contender.ts'
import { startPortunus } from './contenders/portunus.ts'
import { LOAD_CORE } from './machine.ts'
import { residentBytes } from './process-cost.ts'

const HOLDER = fileURLToPath(new URL('hold-connections.ts', import.meta.url))
const IDLE_CONNECTIONS = 10_000
const MEBIBYTE = 2 ** 20
const SETTLE_MS = 8000

export interface MemoryFigures {
  /** One worker that has served nothing yet. */
  readonly atRestMib: number
  /** What so many connections without a request add. */
  readonly idleConnections: number
  readonly idleConnectionsMib: number
}

/** Resident memory of the whole gateway, before its first request and with idle connections. */
export async function measureMemory(setup: ContenderSetup): Promise<MemoryFigures> {
  await using gateway = await startPortunus(setup)
  await delay(SETTLE_MS)
  const atRest = residentBytes(gateway.pid!)
  // What one request brings into memory is not what a connection costs.
  await hold(gateway.url('plain', 'http')!, 100).then((held) => held.release())
  await delay(SETTLE_MS)
  const before = residentBytes(gateway.pid!)
  const held = await hold(gateway.url('plain', 'http')!, IDLE_CONNECTIONS)
  await delay(SETTLE_MS)
  const after = residentBytes(gateway.pid!)
  await held.release()
  return {
    atRestMib: atRest / MEBIBYTE,
    idleConnections: IDLE_CONNECTIONS,
    idleConnectionsMib: (after - before) / MEBIBYTE,
  }
}

async function hold(url: string, count: number): Promise<{ release(): Promise<void> }> {
  const child = spawn(
    'taskset',
    ['-c', String(LOAD_CORE), process.execPath, HOLDER, url, String(count)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  )
  const ended = once(child, 'exit')
  await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => {
      throw new Error(`Cannot hold ${count} connections to ${url}`)
    }),
  ])
  return {
    async release() {
      child.kill()
      await ended
    },
  }
}
