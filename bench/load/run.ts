import { parseArgs } from 'node:util'
import type { Contender, ContenderSetup } from './contenders/contender.ts'
import { direct } from './contenders/direct.ts'
import { startHaproxy } from './contenders/haproxy.ts'
import { startLoggingNginx, startNginx, startUpstream } from './contenders/nginx.ts'
import {
  startHttp2Portunus,
  startLargePortunus,
  startLoggingPortunus,
  startUnrecordedPortunus,
  startPortunus,
  startPublicPortunus,
  startTwoWorkers,
} from './contenders/portunus.ts'
import { GATEWAY_CORE, LOAD_CORE, requireTools, saveResult, workFolder } from './machine.ts'
import { measure, type Sample } from './measure.ts'
import { measureMemory } from './memory.ts'
import { measureReload } from './reload.ts'
import { restResults } from './rest-results.ts'
import { type Scenario, SCENARIOS } from './scenarios.ts'
import { makeSecrets } from './secrets.ts'
import { shuffled } from './statistics.ts'
import { summarise, summaryTable } from './summary.ts'
import { targetResults, targetTable } from './targets.ts'

const STARTERS: Readonly<Record<string, (setup: ContenderSetup) => Promise<Contender>>> = {
  nginx: startNginx,
  haproxy: startHaproxy,
  portunus: startPortunus,
  'portunus-public': startPublicPortunus,
  'nginx-logging': startLoggingNginx,
  'portunus-logging': startLoggingPortunus,
  'portunus-unrecorded': startUnrecordedPortunus,
  'portunus-http2': startHttp2Portunus,
  'portunus-large': startLargePortunus,
  'portunus-two': startTwoWorkers,
  direct: async (setup) => direct(setup.upstreamPort),
}

const { values: options } = parseArgs({
  allowNegative: true,
  options: {
    rounds: { type: 'string', default: '6' },
    seconds: { type: 'string', default: '3' },
    scenarios: { type: 'string', default: SCENARIOS.map(({ name }) => name).join(',') },
    contenders: { type: 'string', default: Object.keys(STARTERS).join(',') },
    rest: { type: 'string', default: 'memory,reload' },
    save: { type: 'boolean', default: true },
  },
})
/** Those without a scenario of their own. */
const EVERYWHERE = ['nginx', 'haproxy', 'portunus', 'portunus-public', 'direct']
const WARM_UP_SECONDS = 6
const rounds = Number(options.rounds)
const rest = new Set(options.rest.split(','))
const seconds = Number(options.seconds)

requireTools()
const scenarios = chosen('scenario', options.scenarios, SCENARIOS, ({ name }) => name)
const starters = chosen('contender', options.contenders, Object.entries(STARTERS), ([name]) => name)
const folder = workFolder()

await using running = new AsyncDisposableStack()
const secrets = await makeSecrets(folder)
const upstream = running.use(await startUpstream(folder, LOAD_CORE))
const setup: ContenderSetup = {
  upstreamPort: upstream.port,
  upstreamHttp2Port: upstream.http2Port,
  core: GATEWAY_CORE,
  folder,
  secrets,
}
// It is measured while it stands alone.
const memory = rest.has('memory') ? await measureMemory(setup) : undefined
const contenders: Contender[] = []
for (const [, start] of starters) contenders.push(running.use(await start(setup)))

// A gateway in service is warm: what its compiler has not seen yet is not what is measured.
for (const scenario of scenarios) await measureScenario(scenario, 0, WARM_UP_SECONDS)

const samples: Sample[] = []
for (let round = 1; round <= rounds; round += 1) {
  for (const scenario of shuffled(scenarios))
    samples.push(...(await measureScenario(scenario, round, seconds)))
}

const order = scenarios.map(({ name }) => name)
const summaries = [...summarise(samples)].sort(
  (a, b) =>
    order.indexOf(a.scenario) - order.indexOf(b.scenario) || a.contender.localeCompare(b.contender),
)
const large = contenders.find(({ name }) => name === 'portunus-large')
const reload =
  rest.has('reload') && large !== undefined
    ? await measureReload(large, { seconds: 8, loadCore: LOAD_CORE })
    : undefined
const targets = [...targetResults(scenarios, samples), ...restResults(memory, reload)]
console.log(`${summaryTable(summaries)}\n\n${targetTable(targets)}`)
if (options.save) {
  const versions = Object.fromEntries(contenders.map(({ name, version }) => [name, version]))
  saveResult('load', versions, {
    rounds,
    secondsPerSlice: seconds,
    targets,
    memory,
    reload,
    summaries,
    samples,
  })
}

/** All contenders under one scenario, one after the other in random order. */
async function measureScenario(
  scenario: Scenario,
  round: number,
  seconds: number,
): Promise<readonly Sample[]> {
  const taken: Sample[] = []
  const measured = contenders.filter(
    (contender) =>
      (scenario.contenders ?? EVERYWHERE).includes(contender.name) &&
      contender.url(scenario.guard, scenario.door ?? 'http') !== undefined,
  )
  for (const contender of shuffled(measured)) {
    const sample = await measure({
      scenario,
      contender,
      secrets,
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
