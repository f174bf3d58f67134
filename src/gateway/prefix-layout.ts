import { randomUUID } from 'node:crypto'
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs'
import path from 'node:path'
import { formatKongEnv } from '../settings/kong-env.ts'
import type { Settings } from '../settings/settings.ts'
import { StartFault } from './start-fault.ts'

/** Where things are below the prefix. */
export interface PrefixLayout {
  readonly pidFile: string
  readonly kongEnv: string
  readonly certificates: string
  readonly nodeId: string
  /** Versions of a declarative file that the gateway writes itself. */
  readonly historyFile: string
  /** Rows that were written one by one without a database. */
  readonly instantRows: string
  /** Folder for bodies of requests that wait for the client to send the rest. */
  readonly requestBodies: string
  /** Folder for bodies of responses that wait for the client to take them. */
  readonly responseBodies: string
}

export function prefixLayout(prefix: string): PrefixLayout {
  return {
    pidFile: path.join(prefix, 'pids', 'nginx.pid'),
    kongEnv: path.join(prefix, '.kong_env'),
    certificates: path.join(prefix, 'ssl'),
    nodeId: path.join(prefix, 'kong.id'),
    historyFile: path.join(prefix, 'history.jsonl'),
    instantRows: path.join(prefix, 'instant-rows.json'),
    requestBodies: path.join(prefix, 'client_body_temp'),
    responseBodies: path.join(prefix, 'proxy_temp'),
  }
}

/**
 * Makes the prefix and what belongs below it.
 *
 * @throws {StartFault} when it cannot be written
 */
export function preparePrefix(settings: Settings): void {
  const { prefix } = settings
  try {
    for (const folder of ['', 'pids', 'logs', 'ssl', 'sockets'])
      makeFolder(path.join(prefix, folder))
    writePrivately(prefixLayout(prefix).kongEnv, formatKongEnv(settings))
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    if (code === 'EACCES' || code === 'EROFS')
      throw new StartFault(
        `could not create directory \`prefix\` ${prefix}: permission denied; name one you may write with -p or KONG_PREFIX`,
      )
    throw new StartFault(`could not prepare directory \`prefix\` ${prefix}: ${message}`)
  }
}

/**
 * Makes a folder and those above it that are missing. Not by `recursive` of Node: that tries for
 * ever where a folder that is there takes no others, as /proc does.
 */
export function makeFolder(folder: string): void {
  const above = path.dirname(path.resolve(folder))
  if (!existsSync(above)) makeFolder(above)
  try {
    mkdirSync(folder)
  } catch (error) {
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

/** Whoever may read it is not changed by an umask, and an older file does not keep its mode. */
function writePrivately(file: string, text: string): void {
  writeFileSync(file, text, { mode: 0o640 })
  chmodSync(file, 0o640)
}

/** @returns the node's id: the configured one, or the one made at the first start */
export function nodeId({ prefix, node_id }: Settings): string {
  if (node_id) return node_id
  const file = prefixLayout(prefix).nodeId
  const known = existsSync(file) ? readFileSync(file, 'utf8').trim() : ''
  if (/^[\da-f-]{36}$/.test(known)) return known
  const made = randomUUID()
  writeFileSync(file, `${made}\n`)
  return made
}

/** @returns the process that runs in a prefix, if one does */
export function runningPid(prefix: string): number | undefined {
  const { pidFile } = prefixLayout(prefix)
  const pid = existsSync(pidFile) ? Number(readFileSync(pidFile, 'utf8').trim()) : 0
  return Number.isInteger(pid) && pid > 0 && isRunning(pid) ? pid : undefined
}

export function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return !isZombie(pid)
  } catch (error) {
    // It belongs to somebody else, and is there.
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** A process that has ended and was not yet waited for, as happens in containers without an init. */
function isZombie(pid: number): boolean {
  try {
    return / Z /.test(readFileSync(`/proc/${pid}/stat`, 'latin1').replace(/^.*\)/, ''))
  } catch {
    // No /proc here: signal 0 is all there is to go by.
    return false
  }
}

export function writePidFile(prefix: string): void {
  writeFileSync(prefixLayout(prefix).pidFile, `${process.pid}\n`)
}

/** Leaves the file alone when another process has taken the prefix over. */
export function removePidFile(prefix: string): void {
  const { pidFile } = prefixLayout(prefix)
  if (existsSync(pidFile) && readFileSync(pidFile, 'utf8').trim() === String(process.pid))
    rmSync(pidFile, { force: true })
}
