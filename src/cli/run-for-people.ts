import type { Settings } from '../settings/settings.ts'
import { CommandFault, type Call } from './command.ts'
import { makePrefix } from './prefix-of.ts'
import { summaryLines } from './summary.ts'

/** Runs the gateway in the foreground and says where it can be reached. */
export async function runForPeople(
  call: Call,
  read: () => Settings,
  extraLines: readonly string[] = [],
): Promise<void> {
  const startedAt = performance.now()
  const settings = read()
  const { runningPid } = await import('../gateway/prefix-layout.ts')
  if (runningPid(settings.prefix) !== undefined)
    throw new CommandFault(`Kong is already running in ${settings.prefix}`)
  makePrefix(settings, { ...call.output, info: (text) => call.output.verbose(text) })
  const { runMaster } = await import('../gateway/run-master.ts')
  const { gateway, ended } = await runMaster({
    settings,
    environment: call.environment,
    readAgain: read,
  })
  const tookMs = Math.round(performance.now() - startedAt)
  for (const line of summaryLines(settings, gateway, tookMs)) call.output.note(line)
  for (const line of extraLines) call.output.note(line)
  call.output.note('')
  await ended
}
