import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePorts, type RunningGateway, startGateway } from './gateway-process.ts'
import type { Group } from './groups.ts'
import { replayCommandLine } from './replay-cli.ts'

const REPLAY = fileURLToPath(new URL('replay.mjs', import.meta.url))

export interface GroupResult {
  readonly group: string
  readonly cases: number
  readonly passes: number
  readonly failures: readonly CaseFailure[]
}

export interface CaseFailure {
  readonly name: string
  /** Differences by level: status, body, upstream, headers. */
  readonly differences: Readonly<Record<string, readonly string[]>>
}

/** Settings of the gateway that groups with a database are replayed against, unless others are given. */
const SQLITE = { KONG_DATABASE: 'sqlite' }

/** Replays groups in order, keeping one gateway for neighbours that can share it. */
export async function replayGroups(
  groups: readonly Group[],
  database: Readonly<Record<string, string>> = SQLITE,
): Promise<readonly GroupResult[]> {
  const results: GroupResult[] = []
  for (const [mode, members] of Map.groupBy(groups, (group) => group.mode)) {
    if (mode === 'command-line') {
      for (const group of members) results.push(await replayCommandLine(group))
      continue
    }
    await using gateway = await startGateway(
      mode === 'database' ? database : { KONG_DATABASE: 'off', KONG_ROUTER_FLAVOR: mode },
    )
    for (const group of members) results.push(await replayGroup(group, gateway))
  }
  return results
}

async function replayGroup(group: Group, gateway: RunningGateway): Promise<GroupResult> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'portunus-conformance-'))
  try {
    const report = path.join(folder, 'report.json')
    const upstreamPorts = await freePorts(3)
    const output = await runReplay(
      {
        base: gateway.proxyUrl,
        admin: gateway.adminUrl,
        apply: group.mode === 'database' ? 'none' : 'admin',
        settle: '20',
        'upstream-ports': upstreamPorts.join(','),
        product: 'portunus',
        json: report,
      },
      group.file,
    )
    const text = await readFile(report, 'utf8').catch(() => {
      throw new Error(`Cannot replay ${group.name}: ${output}`)
    })
    return readReport(group.name, JSON.parse(text) as ReplayReport)
  } finally {
    await rm(folder, { recursive: true })
  }
}

interface ReplayReport {
  readonly report: readonly {
    readonly name: string
    readonly ok: boolean
    readonly refused?: string
    readonly diff: Readonly<Record<string, readonly string[]>>
  }[]
}

function readReport(group: string, { report }: ReplayReport): GroupResult {
  return {
    group,
    cases: report.length,
    passes: report.filter(({ ok }) => ok).length,
    failures: report
      .filter(({ ok }) => !ok)
      .map(({ name, refused, diff }) => ({
        name,
        differences: refused === undefined ? diff : { config: [refused] },
      })),
  }
}

/** It ends with status 1 when a case differs, which is a result and no failure of the run. */
function runReplay(options: Readonly<Record<string, string>>, file: string): Promise<string> {
  const list = Object.entries(options).flatMap(([name, value]) => [`--${name}`, value])
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      [REPLAY, '--quiet', ...list, file],
      { maxBuffer: 2 ** 26 },
      (_error, stdout, stderr) => resolve(stdout + stderr),
    )
  })
}
