import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { hasGoKong } from '../tests/clients/go-kong/go-kong-suite.ts'
import { hasDnsmasq } from '../tests/support/dnsmasq.ts'
import { hasPebble } from '../tests/support/start-pebble.ts'
import { hasSlapd } from '../tests/support/start-slapd.ts'
import { runStep } from './steps.ts'

/** What some tests need beyond Node, and how they are told where it is. */
const SERVICES = [
  byVariable('PostgreSQL', 'TEST_POSTGRES_URL', 'postgres://user@localhost:5432/db'),
  byVariable('Redis', 'TEST_REDIS_URL', 'redis://localhost:6379'),
  byVariable('Chromium', 'TEST_CHROMIUM', '/usr/bin/chromium'),
  {
    what: 'a DNS server',
    isThere: hasDnsmasq(),
    remedy: 'install Debian’s dnsmasq-base',
  },
  {
    what: 'an authority for certificates',
    isThere: hasPebble,
    remedy: 'install Debian’s pebble, or set TEST_PEBBLE',
  },
  { what: 'a directory', isThere: hasSlapd, remedy: 'install Debian’s slapd' },
  {
    what: 'the client go-kong',
    isThere: hasGoKong(),
    remedy: 'install Debian’s golang-go and golang-github-kong-go-kong-dev',
  },
]

const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-test-'))
const report = path.join(folder, 'report.json')
const hasPassed = await runStep({
  name: 'tests',
  command: [
    'vitest',
    'run',
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${report}`,
    ...process.argv.slice(2),
  ],
})
const { numPassedTests, numFailedTests, testResults } = readReport()
rmSync(folder, { recursive: true })

const skipped = testResults
  .flatMap(({ assertionResults }) => assertionResults)
  .filter(({ status }) => status !== 'passed' && status !== 'failed')
  .map(({ fullName }) => fullName)
// A test that needs material published elsewhere names it in a title; no machine has to have that.
const forWantOfMaterial = skipped.filter((title) => title.includes('(skipped: '))
const forWantOfService = skipped.length - forWantOfMaterial.length

for (const title of forWantOfMaterial) console.log(`\nNot run: ${title}`)
if (forWantOfService > 0) {
  const missing = SERVICES.filter(({ isThere }) => !isThere)
  console.log(`\n${forWantOfService} tests were not run for want of a service:`)
  for (const { what, remedy } of missing) console.log(`  tests that need ${what}: ${remedy}`)
  console.log('`bash .ci/run` starts these services itself and skips nothing.')
}
console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${skipped.length} skipped`)

const mustRunAll = process.env['CI'] !== undefined
if (mustRunAll && forWantOfService > 0)
  console.error('Cannot accept tests skipped for want of a service where CI is set')
process.exitCode = hasPassed && !(mustRunAll && forWantOfService > 0) ? 0 : 1

function byVariable(what: string, variable: string, example: string) {
  const isThere = process.env[variable] !== undefined
  return { what, isThere, remedy: `set ${variable}, for example to ${example}` }
}

interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly testResults: readonly {
    readonly assertionResults: readonly { readonly fullName: string; readonly status: string }[]
  }[]
}

function readReport(): TestReport {
  try {
    return JSON.parse(readFileSync(report, 'utf8')) as TestReport
  } catch {
    console.error('Cannot count the tests: vitest wrote no report')
    process.exit(1)
  }
}
