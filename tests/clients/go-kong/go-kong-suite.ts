import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { createInterface } from 'node:readline'

/** Where Debian's `golang-github-kong-go-kong-dev` has its sources, in Go's old layout. */
const GO_PATH = '/usr/share/gocode'
const PACKAGE = 'github.com/kong/go-kong/kong'
const CLIENT = path.join(GO_PATH, 'src', PACKAGE, 'kong.go')

/** Names of the suite's tests by how they ended; parts of tests are not counted. */
export interface SuiteResult {
  readonly passed: readonly string[]
  readonly skipped: readonly string[]
  readonly failed: readonly string[]
  /** What the suite said, for whoever looks into a failure. */
  readonly output: string
}

/** Whether this machine has Go and the client's sources. */
export function hasGoKong(): boolean {
  const isGoThere = (process.env['PATH'] ?? '')
    .split(path.delimiter)
    .some((folder) => existsSync(path.join(folder, 'go')))
  return isGoThere && existsSync(CLIENT)
}

/**
 * Runs the client's own tests against an Admin API. They write to it, and expect it to be empty.
 *
 * @throws {Error} when the suite cannot be built
 */
export async function runGoKongSuite(adminUrl: string): Promise<SuiteResult> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-go-kong-'))
  try {
    return await collect(goTest(overlayFor(adminUrl, folder)))
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The suite knows only the default address, so it is built with another default. */
function overlayFor(adminUrl: string, folder: string): string {
  const changed = path.join(folder, 'kong.go')
  const overlay = path.join(folder, 'overlay.json')
  const source = readFileSync(CLIENT, 'utf8')
  const ours = source.replace('"http://localhost:8001"', JSON.stringify(adminUrl))
  if (ours === source) throw new Error(`Cannot find the default address in ${CLIENT}`)
  writeFileSync(changed, ours)
  writeFileSync(overlay, JSON.stringify({ Replace: { [CLIENT]: changed } }))
  return overlay
}

function goTest(overlay: string) {
  const command = ['test', '-json', '-count=1', '-vet=off', '-overlay', overlay, PACKAGE]
  const { GOFLAGS: _flags, ...inherited } = process.env
  const env = { ...inherited, GO111MODULE: 'off', GOPATH: GO_PATH, GOTOOLCHAIN: 'local' }
  return spawn('go', command, { env, stdio: ['ignore', 'pipe', 'pipe'] })
}

/** One line of `go test -json`. */
interface Event {
  readonly Action: string
  readonly Test?: string
  readonly Output?: string
}

async function collect(child: ReturnType<typeof goTest>): Promise<SuiteResult> {
  const ended: Record<string, string[]> = { pass: [], skip: [], fail: [] }
  const output: string[] = []
  child.stderr.on('data', (bytes: Buffer) => output.push(bytes.toString()))
  for await (const line of createInterface({ input: child.stdout })) {
    // What the compiler says is no JSON.
    const event: Event = line.startsWith('{')
      ? (JSON.parse(line) as Event)
      : { Action: 'output', Output: `${line}\n` }
    if (event.Output !== undefined) output.push(event.Output)
    if (event.Test?.includes('/') === false) ended[event.Action]?.push(event.Test)
  }
  const { pass: passed = [], skip: skipped = [], fail: failed = [] } = ended
  if (passed.length === 0) throw new Error(`The suite of go-kong did not run:\n${output.join('')}`)
  return { passed, skipped, failed, output: output.join('') }
}
