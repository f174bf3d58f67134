import { setTimeout as delay } from 'node:timers/promises'
import { isRunning, runningPid } from '../gateway/prefix-layout.ts'
import { CommandFault } from './command.ts'

const LOOK_EVERY_MS = 20

/**
 * Sends a signal to the gateway that runs in a prefix.
 *
 * @throws {CommandFault} when none does, or it is somebody else's
 */
export function signalGateway(prefix: string, signal: NodeJS.Signals): number {
  const pid = runningPid(prefix)
  if (pid === undefined) throw new CommandFault(`nginx not running in prefix: ${prefix}`)
  try {
    process.kill(pid, signal)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EPERM')
      throw new CommandFault(`process ${pid} belongs to another user: run this as that user`)
    throw new CommandFault(`could not send ${signal} to process ${pid}: ${message}`)
  }
  return pid
}

/** @returns whether the process ended in time */
export async function hasEnded(pid: number, withinMs: number): Promise<boolean> {
  for (let waited = 0; waited < withinMs; waited += LOOK_EVERY_MS) {
    if (!isRunning(pid)) return true
    await delay(LOOK_EVERY_MS)
  }
  return !isRunning(pid)
}
