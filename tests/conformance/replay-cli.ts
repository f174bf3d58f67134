import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, realpath, rm, writeFile } from 'node:fs/promises'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { startGateway } from './gateway-process.ts'
import type { Group } from './groups.ts'
import type { CaseFailure, GroupResult } from './replay-group.ts'

const PROGRAM = fileURLToPath(new URL('../../bin/portunus', import.meta.url))

/** Signs that Kong fell over rather than answered: only its exit code is worth keeping then. */
const KONG_FELL_OVER = /attempt to |bad argument #|stack traceback/

interface CommandCase {
  readonly name: string
  readonly argv: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly files?: Readonly<Record<string, string>>
  readonly exit_code: number
  readonly stdout: string
  readonly stderr: string
}

interface CommandRun {
  readonly exitCode: number
  readonly stdout: string
  readonly stderr: string
}

/** Runs the recorded commands in order in one folder, as they were recorded. */
export async function replayCommandLine(group: Group): Promise<GroupResult> {
  const folder = await realpath(await mkdtemp(path.join(os.tmpdir(), 'portunus-cli-')))
  const cwd = path.join(folder, 'cwd')
  const prefix = path.join(folder, 'prefix')
  await mkdir(cwd)
  try {
    const cases = (await readFile(group.file, 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as CommandCase)
    const failures: CaseFailure[] = []
    for (const recorded of cases) {
      await using _running = needsRunning(recorded) ? await startGateway({}, prefix) : undefined
      const differences = compare(recorded, await runCommand(recorded, prefix, cwd))
      if (Object.keys(differences).length > 0) failures.push({ name: recorded.name, differences })
    }
    return {
      group: group.name,
      cases: cases.length,
      passes: cases.length - failures.length,
      failures,
    }
  } finally {
    await rm(folder, { recursive: true })
  }
}

/** A reload that succeeded had something to reload. */
function needsRunning({ argv, exit_code }: CommandCase): boolean {
  return argv[0] === 'reload' && exit_code === 0
}

async function runCommand(recorded: CommandCase, prefix: string, cwd: string): Promise<CommandRun> {
  for (const [name, text] of Object.entries(recorded.files ?? {}))
    await writeFile(path.join(cwd, name), text)
  const env = {
    ...process.env,
    KONG_PREFIX: prefix,
    // `check` is about what its file says.
    ...(recorded.argv[0] !== 'check' && { KONG_DATABASE: 'off' }),
    ...recorded.env,
  }
  const plain = (text: string): string =>
    text
      .replaceAll(cwd, '<cwd>')
      .replaceAll(prefix, '<prefix>')
      .replaceAll(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, '<time>')
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [PROGRAM, ...recorded.argv],
      { cwd, env, timeout: 20_000 },
      (_error, stdout, stderr) =>
        resolve({ exitCode: child.exitCode ?? -1, stdout: plain(stdout), stderr: plain(stderr) }),
    )
  })
}

function compare(
  recorded: CommandCase,
  run: CommandRun,
): Readonly<Record<string, readonly string[]>> {
  const differences: Record<string, string[]> = {}
  const note = (level: string, want: unknown, got: unknown): void => {
    if (want !== got)
      differences[level] = [`want ${JSON.stringify(want)} got ${JSON.stringify(got)}`]
  }
  note('exit', recorded.exit_code, run.exitCode)
  if (KONG_FELL_OVER.test(recorded.stderr)) return differences
  note('stdout', oneProduct(recorded.stdout), oneProduct(run.stdout))
  note('stderr', oneProduct(recorded.stderr), oneProduct(run.stderr))
  return differences
}

/**
 * Takes the names of both products for one, without the padding that a longer name shifts, and
 * leaves out the lines with a time, which speak of Kong's inner life. Faults found side by side
 * come in no particular order.
 */
function oneProduct(text: string): string {
  const lines = text
    .replaceAll('portunus', 'kong')
    .replaceAll('Portunus', 'Kong')
    .replaceAll(/ {2,}/g, ' ')
    .split('\n')
    .filter((line) => !/^<time> \[(notice|warn)\] <pid>: /.test(line))
  return (text.includes('Failed parsing') ? lines.sort() : lines).join('\n')
}
