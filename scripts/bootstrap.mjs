// Makes `npm start`, `npm test` and `npm run check` work in a fresh clone: installs the locked
// packages when they are missing or stale, then runs the given script on the pinned Node.
// Plain JavaScript without dependencies, because it runs on whatever Node the machine has.
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const OLDEST_NODE = 24
const root = fileURLToPath(new URL('..', import.meta.url))
const [script, ...scriptArguments] = process.argv.slice(2)

process.chdir(root)
if (!isInstalled()) install()
run(pinnedNode())

/** Whether every package of the lock file is there in the locked version. */
function isInstalled() {
  const installed = readPackages(path.join('node_modules', '.package-lock.json'))
  if (installed === undefined) return false
  const locked = readPackages('package-lock.json') ?? {}
  return Object.entries(locked).every(
    ([folder, { version, optional, link }]) =>
      !folder.includes('node_modules/') ||
      link ||
      (optional && installed[folder] === undefined) ||
      installed[folder]?.version === version,
  )
}

function readPackages(file) {
  if (!existsSync(file)) return undefined
  return JSON.parse(readFileSync(file, 'utf8')).packages
}

function install() {
  console.error('Installing the locked packages (npm ci) …')
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm'
  const { status, error } = spawnSync(npm, ['ci', '--no-fund', '--no-audit', '--loglevel=error'], {
    stdio: ['ignore', 'inherit', 'inherit'],
    shell: process.platform === 'win32',
  })
  if (status === 0) return
  console.error(`Cannot install the packages: npm ci ${error?.message ?? `ended with ${status}`}`)
  process.exit(1)
}

/** The Node that the lock file pins, or the running one when it is new enough. */
function pinnedNode() {
  const name = process.platform === 'win32' ? 'node.exe' : 'node'
  const pinned = path.join(root, 'node_modules', 'node', 'bin', name)
  if (existsSync(pinned)) return pinned
  if (Number(process.versions.node.split('.')[0]) >= OLDEST_NODE) return process.execPath
  console.error(
    `Cannot run ${script} on Node ${process.versions.node}: it needs Node ${OLDEST_NODE} or later. ` +
      'Install one, or run "npm ci" with install scripts allowed, which brings it.',
  )
  process.exit(1)
}

function run(node) {
  // The pinned Node comes first for everything that the script starts in turn.
  const searchPath = `${path.dirname(node)}${path.delimiter}${process.env.PATH}`
  const child = spawn(node, [script, ...scriptArguments], {
    stdio: 'inherit',
    env: { ...process.env, PATH: searchPath },
  })
  // A terminal sends Ctrl-C to the child as well; ending first would give the prompt back too early.
  process.on('SIGINT', () => {})
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  child.on('exit', (code, signal) => process.exit(code ?? (signal === 'SIGINT' ? 130 : 1)))
}
