import { createHmac } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { startUpstream } from './contenders/nginx.ts'
import { builtProgram, portunusEnvironment, portunusVersion } from './contenders/portunus.ts'
import { GATEWAY_CORE, LOAD_CORE, requireTools, saveResult, workFolder } from './machine.ts'
import { freePort, startPinned } from './pinned-process.ts'
import { configBody, postConfig } from './reload.ts'
import { residentBytes } from './process-cost.ts'
import { wrk } from './wrk.ts'

/** What a large configuration costs: routes and consumers with a jwt credential each, as many of one as of the other. */
const SECRET = 'a-secret-of-the-benchmark-that-is-long-enough-for-hs256'

const { values: options } = parseArgs({
  options: {
    sizes: { type: 'string', default: '1,1000,10000' },
    seconds: { type: 'string', default: '5' },
    'no-save': { type: 'boolean', default: false },
  },
})
const seconds = Number(options.seconds)

requireTools()
const folder = workFolder()
await using upstream = await startUpstream(folder, LOAD_CORE)

interface SizeFigures {
  readonly entities: number
  readonly fileKib: number
  readonly firstAnswerMs: number
  readonly postConfigMs: number
  readonly residentIdleMib: number
  readonly residentAfterLoadMib: number
  readonly oneTokenPerSecond: number
  readonly rotatingPerSecond: number
}

const figures: SizeFigures[] = []
for (const size of options.sizes.split(',').map(Number)) {
  figures.push(await measureSize(size))
  console.log(figures.at(-1))
}
console.table(figures)
if (!options['no-save']) saveResult('size', { portunus: portunusVersion() }, { figures })

async function measureSize(size: number): Promise<SizeFigures> {
  const home = path.join(folder, `size-${size}`)
  mkdirSync(home, { recursive: true })
  const config = path.join(home, 'kong.yml')
  writeFileSync(config, configuration(size))
  const [port, adminPort] = [await freePort(), await freePort()]
  const startedAt = performance.now()
  await using gateway = await startPinned({
    core: GATEWAY_CORE,
    port,
    command: [process.execPath, builtProgram(), 'start'],
    env: portunusEnvironment({ prefix: path.join(home, 'prefix'), config, port, adminPort }),
  })
  await firstAnswer(`http://127.0.0.1:${port}/r${size - 1}/`, token(size - 1))
  const firstAnswerMs = performance.now() - startedAt
  await delay(1000)
  const residentIdleMib = residentBytes(gateway.pid) / 2 ** 20

  const load = { headers: {}, connections: 64, seconds, core: LOAD_CORE }
  const url = `http://127.0.0.1:${port}/`
  const one = await wrk({ ...load, url, requestsFile: requestsFile(home, size, 1) })
  const many = await wrk({ ...load, url, requestsFile: requestsFile(home, size, 1000) })
  const residentAfterLoadMib = residentBytes(gateway.pid) / 2 ** 20
  return {
    entities: size,
    fileKib: Math.round(readFileSync(config).length / 1024),
    firstAnswerMs: Math.round(firstAnswerMs),
    postConfigMs: await timedPostConfig(adminPort, config),
    residentIdleMib: Math.round(residentIdleMib),
    residentAfterLoadMib: Math.round(residentAfterLoadMib),
    oneTokenPerSecond: Math.round(one.requests / (one.durationUs / 1e6)),
    rotatingPerSecond: Math.round(many.requests / (many.durationUs / 1e6)),
  }
}

function configuration(size: number): string {
  const numbers = Array.from({ length: size }, (_, index) => index)
  return [
    '_format_version: "3.0"',
    'services:',
    '- name: upstream',
    `  url: http://127.0.0.1:${upstream.port}`,
    '  plugins:',
    '  - {name: jwt, config: {key_claim_name: kid, claims_to_verify: [exp]}}',
    '  routes:',
    ...numbers.map((index) => `  - {name: r${index}, paths: [/r${index}/]}`),
    'consumers:',
    ...numbers.map(
      (index) =>
        `- {username: c${index}, jwt_secrets: [{key: k${index}, secret: ${SECRET}-${index}}]}`,
    ),
    '',
  ].join('\n')
}

function token(index: number): string {
  const encode = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url')
  const exp = Math.floor(Date.now() / 1000) + 86_400
  const signed = `${encode({ alg: 'HS256', typ: 'JWT' })}.${encode({ kid: `k${index}`, exp })}`
  const signature = createHmac('sha256', `${SECRET}-${index}`).update(signed).digest('base64url')
  return `${signed}.${signature}`
}

/** Requests spread evenly over the configuration. */
function requestsFile(home: string, size: number, count: number): string {
  const file = path.join(home, `requests-${count}`)
  const lines = Array.from({ length: Math.min(count, size) }, (_, position) => {
    const index = Math.floor((position * size) / count)
    return `/r${index}/ ${token(index)}`
  })
  writeFileSync(file, `${lines.join('\n')}\n`)
  return file
}

async function firstAnswer(url: string, bearer: string): Promise<void> {
  for (;;) {
    const answer = await fetch(url, { headers: { authorization: `Bearer ${bearer}` } })
    await answer.arrayBuffer()
    if (answer.status === 200) return
    await delay(10)
  }
}

async function timedPostConfig(adminPort: number, config: string): Promise<number> {
  const startedAt = performance.now()
  await postConfig(`http://127.0.0.1:${adminPort}`, configBody(config))
  return Math.round(performance.now() - startedAt)
}
