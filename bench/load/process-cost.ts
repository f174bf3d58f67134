import { readdirSync, readFileSync } from 'node:fs'

/** Linux reports process times in hundredths of a second, whatever the kernel's own tick. */
const US_PER_TICK = 10_000

export interface CpuTime {
  readonly userUs: number
  readonly systemUs: number
}

/** CPU time that a process and its descendants have used so far, all threads included. */
export function cpuTime(pid: number): CpuTime {
  let userUs = 0
  let systemUs = 0
  for (const id of processTree(pid)) {
    const fields = statFields(id)
    userUs += Number(fields[11]) * US_PER_TICK
    systemUs += Number(fields[12]) * US_PER_TICK
  }
  return { userUs, systemUs }
}

/** Resident memory of a process and its descendants, in bytes. */
export function residentBytes(pid: number): number {
  let total = 0
  for (const id of processTree(pid)) {
    const status = readFileSync(`/proc/${id}/status`, 'utf8')
    total += Number(/^VmRSS:\s+(\d+) kB/m.exec(status)?.[1] ?? 0) * 1024
  }
  return total
}

function processTree(root: number): readonly number[] {
  const children = new Map<number, number[]>()
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    const parent = parentOf(Number(name))
    if (parent === undefined) continue
    children.set(parent, [...(children.get(parent) ?? []), Number(name)])
  }
  const tree = [root]
  for (const id of tree) tree.push(...(children.get(id) ?? []))
  return tree
}

function parentOf(pid: number): number | undefined {
  try {
    return Number(statFields(pid)[1])
  } catch {
    // The process ended between the listing and the reading.
    return undefined
  }
}

/** Fields of `/proc/<pid>/stat` from the third on: the second, the name, may hold spaces. */
function statFields(pid: number): readonly string[] {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8')
  return text.slice(text.lastIndexOf(')') + 2).split(' ')
}
