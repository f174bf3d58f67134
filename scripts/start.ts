import { type ChildProcess, spawn } from 'node:child_process'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'

/** One program of the tutorial. */
interface Part {
  readonly name: string
  readonly ports: readonly number[]
  readonly command: readonly string[]
}

const TUTORIAL = 'examples/jwt-tutorial'

const PARTS: readonly Part[] = [
  { name: 'hello', ports: [3000], command: [`${TUTORIAL}/hello.ts`] },
  { name: 'login', ports: [3001], command: [`${TUTORIAL}/login.ts`] },
  {
    name: 'gateway',
    ports: [8000, 8001],
    command: ['bin/portunus', 'dev', `${TUTORIAL}/kong.yml`],
  },
]

const GREETING = `
  Hello API     http://localhost:3000   what is protected
  Login server  http://localhost:3001   one user: ada, password analytical-engine
  Gateway       http://localhost:8000   /api -> hello, guarded by the plugin jwt
  Admin API     http://localhost:8001   the configuration is ${TUTORIAL}/kong.yml (watched)

  1  see it refuse   curl -i localhost:8000/api
  2  get a token     TOKEN=$(curl -s localhost:3001/login -H 'Content-Type: application/json' -d '{"username":"ada","password":"analytical-engine"}' | cut -d '"' -f 4)
  3  see it pass     curl -i localhost:8000/api -H "Authorization: Bearer $TOKEN"

  Ctrl-C ends all. Step by step: ${TUTORIAL}/README.md
`

const taken = await takenPorts()
if (taken.length > 0) {
  for (const { name, port } of taken)
    console.error(`Cannot start ${name}: port ${port} is taken by another program`)
  console.error('End that program and try again ("lsof -i :PORT" says which it is)')
  process.exit(1)
}

const running = new Map<string, ChildProcess>()
let isEnding = false
for (const part of PARTS) running.set(part.name, start(part))
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => void end(0))

for (const port of PARTS.flatMap(({ ports }) => ports)) await untilListening(port)
if (!isEnding) console.log(GREETING)

function start({ name, command }: Part): ChildProcess {
  // A group of its own: Ctrl-C comes here first, and the parts are then ended in order.
  const child = spawn(process.execPath, command, {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  for (const stream of [child.stdout, child.stderr]) showLines(name, stream)
  child.once('exit', (code) => {
    running.delete(name)
    if (isEnding) return
    console.error(`${name} ended by itself (exit code ${code}); ending the others`)
    void end(1)
  })
  return child
}

/** What the gateway says is for the reader; the others are shown as seen over its shoulder. */
function showLines(name: string, stream: NodeJS.ReadableStream): void {
  let rest = ''
  stream.on('data', (chunk: Buffer) => {
    const lines = (rest + chunk.toString()).split('\n')
    rest = lines.pop()!
    for (const line of lines) console.log(name === 'gateway' ? line : `    ${name} │ ${line}`)
  })
}

async function end(status: number): Promise<void> {
  if (isEnding) return
  isEnding = true
  for (const child of running.values()) child.kill('SIGTERM')
  for (let waitedMs = 0; running.size > 0 && waitedMs < 5000; waitedMs += 50) await delay(50)
  for (const child of running.values()) child.kill('SIGKILL')
  process.exit(status)
}

async function takenPorts(): Promise<readonly { readonly name: string; readonly port: number }[]> {
  const found = []
  for (const { name, ports } of PARTS)
    for (const port of ports) if (await isListening(port)) found.push({ name, port })
  return found
}

async function untilListening(port: number): Promise<void> {
  while (running.size === PARTS.length && !(await isListening(port))) await delay(50)
}

function isListening(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, 'localhost')
    socket.once('error', () => resolve(false))
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
  })
}
