import { execFileSync } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import type { Contender, ContenderSetup } from './contenders/contender.ts'
import { direct } from './contenders/direct.ts'
import { startHaproxy } from './contenders/haproxy.ts'
import { startNginx, startUpstream } from './contenders/nginx.ts'
import { startPortunus } from './contenders/portunus.ts'
import { measure, type Sample } from './measure.ts'
import { type Scenario, SCENARIOS } from './scenarios.ts'
import { makeSecrets } from './secrets.ts'
import { shuffled } from './statistics.ts'
import { summarise, summaryTable } from './summary.ts'

const GATEWAY_CORE = 0
const LOAD_CORE = 1
const BENCH = fileURLToPath(new URL('../', import.meta.url))

const STARTERS: Readonly<Record<string, (setup: ContenderSetup) => Promise<Contender>>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  portunus: startPortunus,
  direct: async (setup) => direct(setup.upstreamPort),
}

const { values: options } = parseArgs({
  options: {
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '3' },
    scenarios: { type: 'string', default: SCENARIOS.map(({ name }) => name).join(',') },
    contenders: { type: 'string', default: Object.keys(STARTERS).join(',') },
    'no-save': { type: 'boolean', default: false },
  },
})
const rounds = Number(options.rounds)
const seconds = Number(options.seconds)

requireTools()
const scenarios = chosen('scenario', options.scenarios, SCENARIOS, ({ name }) => name)
const starters = chosen('contender', options.contenders, Object.entries(STARTERS), ([name]) => name)
const folder = path.join(BENCH, '.work', String(process.pid))
mkdirSync(folder, { recursive: true })

await using running = new AsyncDisposableStack()
const secrets = await makeSecrets()
const upstream = running.use(await startUpstream(folder, LOAD_CORE))
const setup: ContenderSetup = { upstreamPort: upstream.port, core: GATEWAY_CORE, folder, secrets }
const contenders: Contender[] = []
for (const [, start] of starters) contenders.push(running.use(await start(setup)))

const samples: Sample[] = []
for (let round = 1; round <= rounds; round += 1) {
  for (const scenario of shuffled(scenarios))
    samples.push(...(await measureScenario(scenario, round)))
}

const order = scenarios.map(({ name }) => name)
const summaries = [...summarise(samples)].sort(
  (a, b) =>
    order.indexOf(a.scenario) - order.indexOf(b.scenario) || a.contender.localeCompare(b.contender),
)
console.log(summaryTable(summaries))
if (!options['no-save']) save()

/** All contenders under one scenario, one after the other in random order. */
async function measureScenario(scenario: Scenario, round: number): Promise<readonly Sample[]> {
  const taken: Sample[] = []
  for (const contender of shuffled(contenders)) {
    if (contender.url(scenario.guard) === undefined) continue
    const headers = secrets.headers[scenario.guard]
    const sample = await measure({
      scenario,
      contender,
      headers,
      round,
      seconds,
      loadCore: LOAD_CORE,
    })
    taken.push(sample)
    process.stderr.write(
      `round ${round}/${rounds}  ${scenario.name.padEnd(16)} ${contender.name.padEnd(9)} ` +
        `${Math.round(sample.requestsPerSecond)} req/s  ` +
        `${sample.cpuUsPerRequest?.toFixed(1) ?? '-'} µs\n`,
    )
  }
  return taken
}

function save(): void {
  const measuredAt = new Date().toISOString()
  const file = path.join(BENCH, 'results', `load-${measuredAt.slice(0, 16).replace(':', '')}.json`)
  const record = {
    measuredAt,
    machine: {
      cpu: os.cpus()[0]?.model,
      cores: os.cpus().length,
      memoryGib: Math.round(os.totalmem() / 2 ** 30),
      kernel: os.release(),
    },
    versions: {
      node: process.version,
      ...Object.fromEntries(contenders.map(({ name, version }) => [name, version])),
    },
    commit: execFileSync('git', ['rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim(),
    rounds,
    secondsPerSlice: seconds,
    summaries,
    samples,
  }
  mkdirSync(path.dirname(file), { recursive: true })
  writeFileSync(file, `${JSON.stringify(record, undefined, 1)}\n`)
  console.log(`\nSaved as ${path.relative(process.cwd(), file)}`)
}

function chosen<T>(
  noun: string,
  list: string,
  known: readonly T[],
  nameOf: (item: T) => string,
): readonly T[] {
  return list.split(',').map((name) => {
    const found = known.find((item) => nameOf(item) === name)
    if (found !== undefined) return found
    throw new Error(
      `Cannot run ${noun} "${name}": known are ${known.map((item) => nameOf(item)).join(', ')}`,
    )
  })
}

function requireTools(): void {
  if (os.availableParallelism() < 2)
    throw new Error(
      'Cannot measure: the gateway and the load need a core each, and there is only one',
    )
  const missing = ['nginx', 'haproxy', 'wrk', 'taskset'].filter((tool) => !isInstalled(tool))
  if (missing.length > 0)
    throw new Error(
      `Cannot measure without ${missing.join(', ')}: apt-get install nginx-light haproxy wrk util-linux`,
    )
}

function isInstalled(tool: string): boolean {
  try {
    execFileSync('sh', ['-c', `command -v ${tool}`], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
