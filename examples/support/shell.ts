import { type ChildProcess, spawn } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'

/** A terminal's shell: what one command sets, the next ones see. */
export interface Shell extends AsyncDisposable {
  /** Runs commands to their end. @returns what they printed, without carriage returns */
  run(commands: string): Promise<string>
  /** Leaves a command running and waits until its output matches. */
  start(commands: string, ready: (output: string) => boolean): Promise<void>
  /** Everything printed so far. */
  readonly output: string
}

export function openShell(folder: string): Shell {
  // A group of its own, so that what the shell starts ends with it.
  const child = spawn('bash', [], { cwd: folder, detached: true, stdio: ['pipe', 'pipe', 'pipe'] })
  let output = ''
  const keep = (chunk: Buffer): void => {
    output += chunk.toString().replaceAll('\r', '')
  }
  child.stdout.on('data', keep)
  child.stderr.on('data', keep)

  async function until(isDone: () => boolean, doing: string): Promise<void> {
    for (let waitedMs = 0; !isDone(); waitedMs += 20) {
      if (child.exitCode !== null) throw new Error(`The shell ended while ${doing}:\n${output}`)
      if (waitedMs > 30_000) throw new Error(`Waited in vain while ${doing}:\n${output}`)
      await delay(20)
    }
  }

  return {
    async run(commands) {
      const mark = randomUUID()
      const from = output.length
      child.stdin.write(`${commands}\necho ${mark}\n`)
      await until(() => output.includes(mark), `running "${commands}"`)
      const printed = output.slice(from, output.indexOf(mark))
      // curl prints a body without a line end after it.
      return printed === '' || printed.endsWith('\n') ? printed : `${printed}\n`
    },
    async start(commands, ready) {
      child.stdin.write(`${commands}\n`)
      await until(() => ready(output), `starting "${commands}"`)
    },
    get output() {
      return output
    },
    [Symbol.asyncDispose]: () => endGroup(child),
  }
}

async function endGroup(child: ChildProcess): Promise<void> {
  for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
    for (let waitedMs = 0; waitedMs < 5000; waitedMs += 50) {
      if (!signalGroup(child.pid!, waitedMs === 0 ? signal : 0)) return
      await delay(50)
    }
  }
}

/** @returns whether the group still has a process */
function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch {
    // No process of the group is left.
    return false
  }
}
