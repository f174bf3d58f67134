import path from 'node:path'
import type { LoadEvent } from '../gateway/reload.ts'
import type { Gateway } from '../gateway/start.ts'
import type { Settings } from '../settings/settings.ts'
import { clockTime } from '../telemetry/log-time.ts'
import { CommandFault, type Call } from './command.ts'
import { makePrefix } from './prefix-of.ts'
import { readConfiguration } from './read-configuration.ts'
import { summaryLines } from './summary.ts'

/** Runs the gateway in the foreground and says where it can be reached. */
export async function runForPeople(
  call: Call,
  read: () => Settings,
  extraLines: (gateway: Gateway) => readonly string[] = () => [],
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
    onLoad: (event) => sayLoaded(call, settings, event),
  })
  const tookMs = Math.round(performance.now() - startedAt)
  for (const line of summaryLines(settings, gateway, {
    tookMs,
    read: await readConfiguration(settings),
  }))
    call.output.note(line)
  for (const line of extraLines(gateway)) call.output.note(line)
  call.output.note('')
  await ended
}

/** What became of a file that was saved. The first load is part of the summary. */
function sayLoaded({ output }: Call, settings: Settings, { origin, fault }: LoadEvent): void {
  if (origin.by === 'start') return
  const name = path.basename(settings.declarative_config ?? 'configuration')
  const at = clockTime(new Date())
  if (fault === undefined) output.note(`  ${at}  ${name} reloaded`)
  else output.note(`  ${at}  ${name} is not served, what was before goes on:\n${indented(fault)}`)
}

/** Without the first line, which only says that it is about the file. */
function indented(fault: string): string {
  const lines = fault.split('\n')
  return (lines.length > 1 ? lines.slice(1) : lines).map((line) => `    ${line}`).join('\n')
}
