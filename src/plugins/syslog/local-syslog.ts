import { spawn, type ChildProcess } from 'node:child_process'
import type { NodeServices } from '../../plugin-kit/plugin.ts'

/** Hands messages to the syslog daemon of this machine. */
export interface LocalSyslog {
  write(priority: number, message: string): void
}

/** After a failure it is not tried again for so long. */
const PAUSE_MS = 5000
/** What waits for a helper that does not read is given up beyond this. */
const MAX_WAITING_BYTES = 4 * 1024 * 1024

/**
 * The daemon listens on a kind of socket that Node cannot open, so the system's `logger` does. One
 * runs for each process, and takes a line for each message.
 */
export function localSyslog(node: NodeServices): LocalSyslog {
  return node.keep('syslog', () => new LoggerProcess(node))
}

class LoggerProcess implements LocalSyslog {
  readonly #node: NodeServices
  #process: ChildProcess | undefined
  #failedAtMs = -Infinity

  constructor(node: NodeServices) {
    this.#node = node
  }

  write(priority: number, message: string): void {
    const input = this.#helper()?.stdin
    if (!input || input.writableLength > MAX_WAITING_BYTES) return
    input.write(`<${priority}>${message}\n`)
  }

  #helper(): ChildProcess | undefined {
    if (this.#process !== undefined) return this.#process
    if (this.#node.now() - this.#failedAtMs < PAUSE_MS) return undefined
    const helper = spawn('logger', ['--tag', 'kong', '--prio-prefix'], {
      stdio: ['pipe', 'ignore', 'ignore'],
    })
    helper.unref()
    helper.on('error', (error) => this.#fail(error))
    helper.stdin.on('error', (error) => this.#fail(error))
    helper.on('exit', (code) => this.#fail(new Error(`logger ended with ${code}`)))
    this.#process = helper
    return helper
  }

  #fail(error: Error): void {
    if (this.#process === undefined) return
    this.#process = undefined
    this.#failedAtMs = this.#node.now()
    this.#node.log.error('syslog: cannot hand entries to the syslog daemon', error)
  }
}
