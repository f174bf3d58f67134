import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import path from 'node:path'

/**
 * Finds who listens on a port, through /proc.
 *
 * @returns e.g. `node (pid 4711)`; nothing when it cannot be told
 */
export function portHolder(port: number, kind: 'tcp' | 'udp' = 'tcp'): string | undefined {
  try {
    const inodes = listeningInodes(port, kind)
    if (inodes.size === 0) return undefined
    for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name)))
      if (holdsOneOf(pid, inodes)) return `${programName(pid)} (pid ${pid})`
  } catch {
    // Not Linux, or /proc is closed to us: the port is taken all the same.
  }
  return undefined
}

/** What it was called as, or calls itself: `comm` is cut, and of Node the name of a thread. */
function programName(pid: string): string {
  const [calledAs = ''] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  const name = path.basename(calledAs.replace(/: .*/s, ''))
  return name || readFileSync(`/proc/${pid}/comm`, 'utf8').trim()
}

/** States of sockets that others' connections or datagrams come to. */
const LISTENING = { tcp: '0A', udp: '07' } as const

function listeningInodes(port: number, kind: 'tcp' | 'udp'): ReadonlySet<string> {
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`
  const inodes = new Set<string>()
  for (const table of [`/proc/net/${kind}`, `/proc/net/${kind}6`])
    for (const line of readFileSync(table, 'latin1').split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      if (fields[1]?.endsWith(suffix) && fields[3] === LISTENING[kind]) inodes.add(fields[9] ?? '')
    }
  return inodes
}

function holdsOneOf(pid: string, inodes: ReadonlySet<string>): boolean {
  try {
    return readdirSync(`/proc/${pid}/fd`).some((descriptor) => {
      const inode = /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.[1]
      return inode !== undefined && inodes.has(inode)
    })
  } catch {
    // Another user's process, or one that has just ended.
    return false
  }
}
