import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { runStep } from './steps.ts'

/** What some tests need beyond Node, and the variable that names where it is. */
const SERVICES = [
  {
    variable: 'TEST_POSTGRES_URL',
    what: 'PostgreSQL',
    example: 'postgres://user@localhost:5432/db',
  },
  { variable: 'TEST_REDIS_URL', what: 'Redis', example: 'redis://localhost:6379' },
  { variable: 'TEST_CHROMIUM', what: 'Chromium', example: '/usr/bin/chromium' },
] as const

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
const { numPassedTests, numFailedTests, numPendingTests, numTodoTests } = readReport()
rmSync(folder, { recursive: true })

const skipped = numPendingTests + numTodoTests
if (skipped > 0) {
  const missing = SERVICES.filter(({ variable }) => process.env[variable] === undefined)
  console.log(`\n${skipped} tests were skipped. Not run for want of a service:`)
  for (const { variable, what, example } of missing)
    console.log(`  tests that need ${what}: set ${variable}, for example to ${example}`)
  console.log('`bash .ci/run` starts these services itself and skips nothing.')
}
console.log(`\n${numPassedTests} passed, ${numFailedTests} failed, ${skipped} skipped`)

const mustRunAll = process.env['CI'] !== undefined
if (mustRunAll && skipped > 0) console.error('Cannot accept skipped tests where CI is set')
process.exitCode = hasPassed && !(mustRunAll && skipped > 0) ? 0 : 1

interface TestReport {
  readonly numPassedTests: number
  readonly numFailedTests: number
  readonly numPendingTests: number
  readonly numTodoTests: number
}

function readReport(): TestReport {
  try {
    return JSON.parse(readFileSync(report, 'utf8')) as TestReport
  } catch {
    console.error('Cannot count the tests: vitest wrote no report')
    process.exit(1)
  }
}
