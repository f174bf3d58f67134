import { environmentVault } from '../secrets/environment-vault.ts'
import { secretResolver } from '../secrets/resolve.ts'
import { readSettings } from '../settings/read-settings.ts'
import type { Settings } from '../settings/settings.ts'
import type { LaunchReport } from './launch-daemon.ts'
import { prefixLayout } from './prefix-layout.ts'
import { runMaster } from './run-master.ts'
import { StartFault } from './start-fault.ts'

/** The gateway as a process of its own, begun by `start`: its settings are those in its prefix. */
const prefix = process.argv[2]!

try {
  process.title = `portunus: master process ${prefix}`
  const { gateway, ended } = await runMaster({
    settings: keptSettings(),
    environment: process.env,
    readAgain: keptSettings,
  })
  report({ ok: true, ports: gateway.ports })
  await ended
  process.exit(0)
} catch (error) {
  const isExpected = error instanceof StartFault
  report({ ok: false, message: isExpected ? error.message : ((error as Error).stack ?? '') })
  process.exit(1)
}

function keptSettings(): Settings {
  const resolver = secretResolver(new Map([['env', environmentVault(process.env)]]))
  const result = readSettings({
    confPath: prefixLayout(prefix).kongEnv,
    environment: {},
    overrides: { prefix },
    resolveReference: (reference) => resolver.resolve(reference),
  })
  if (result.ok) return result.settings
  throw new StartFault(result.problems.map(({ message }) => message).join('\n'))
}

/** Whoever started this process waits for it, then leaves. */
function report(message: LaunchReport): void {
  if (process.send === undefined || !process.connected) return
  process.send(message, () => process.disconnect())
}
