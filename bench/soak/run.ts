import { parseArgs } from 'node:util'
import { saveResult } from '../load/machine.ts'
import { residentKib, soak } from './soak.ts'

const { values: options } = parseArgs({
  options: {
    minutes: { type: 'string', default: '10' },
    concurrency: { type: 'string', default: '32' },
    transport: { type: 'string', default: 'auto' },
    'no-save': { type: 'boolean', default: false },
  },
})

/** Memory is looked at so often. */
const SAMPLES = 100
/** Samples until the gateway is taken to be warm, and those the end is judged by. */
const WARM_UP = 20
const LAST = 20
/** How much more memory the end may have than the time after the warm-up. */
const GROWTH_LIMIT = 0.1

const runMs = Number(options.minutes) * 60_000
const transport = (['auto', 'public', 'fast'] as const).find((kind) => kind === options.transport)
if (transport === undefined || !(runMs > 0) || !(Number(options.concurrency) > 0))
  throw new Error(
    'Cannot soak: --minutes and --concurrency are numbers above 0, --transport is auto, public or fast',
  )

const samples: number[] = []
/** MiB that the workers' objects take, which is what a leak of the gateway's own would show in. */
const heaps: number[] = []
const endsAt = Date.now() + runMs
let sampling: NodeJS.Timeout | undefined
const result = await soak({
  isOver: () => Date.now() > endsAt,
  concurrency: Number(options.concurrency),
  unitsPerReload: 2000,
  transport,
  onStarted: ({ pid, adminUrl }) => {
    sampling = setInterval(() => {
      if (Date.now() >= endsAt) return
      samples.push(residentKib(pid))
      void heapMib(adminUrl).then((mib) => heaps.push(mib))
    }, runMs / SAMPLES)
  },
})
clearInterval(sampling)

const warm = mean(samples.slice(WARM_UP, WARM_UP + LAST))
const end = mean(samples.slice(-LAST))
const growth = end / warm - 1
const { kinds, reloads, faults, sockets, errors } = result

console.table(kinds)
console.table({
  'resident memory after warm-up, MiB': Math.round(warm / 1024),
  'resident memory at the end, MiB': Math.round(end / 1024),
  'heaps of the workers after warm-up, MiB': Math.round(mean(heaps.slice(WARM_UP, WARM_UP + LAST))),
  'heaps of the workers at the end, MiB': Math.round(mean(heaps.slice(-LAST))),
  'growth, %': Math.round(growth * 1000) / 10,
  'sockets before': sockets.before,
  'sockets after': sockets.after,
  reloads,
  'wrong answers': faults.length,
  'errors in the log': errors.length,
})
for (const fault of faults) console.error(fault)
for (const line of errors.slice(0, 20)) console.error(line)

const isFlat = growth <= GROWTH_LIMIT
if (!options['no-save'])
  saveResult(
    'soak',
    {},
    {
      minutes: Number(options.minutes),
      concurrency: Number(options.concurrency),
      transport,
      isFlat,
      growth,
      residentKib: samples,
      heapMib: heaps,
      ...result,
    },
  )
if (!isFlat || faults.length > 0 || errors.length > 0 || sockets.after > sockets.before)
  process.exitCode = 1

async function heapMib(adminUrl: string): Promise<number> {
  const response = await fetch(`${adminUrl}/status`)
  const { memory } = (await response.json()) as {
    readonly memory: { readonly workers_lua_vms: readonly { readonly http_allocated_gc: string }[] }
  }
  return memory.workers_lua_vms.reduce(
    (sum, vm) => sum + Number.parseFloat(vm.http_allocated_gc),
    0,
  )
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
