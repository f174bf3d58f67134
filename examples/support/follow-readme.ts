import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { type Block, outputPattern, readReadme } from './read-readme.ts'
import { openShell, type Shell } from './shell.ts'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const PORTS = [3000, 3001, 8000, 8001]

/** Does what a reader does: pastes every command of a README, and sees what it says one sees. */
export function followReadme(readme: URL): void {
  const blocks = readReadme(readFileSync(readme, 'utf8'))
  const title = path.relative(ROOT, fileURLToPath(readme))

  it(`${title} does what it says`, async () => {
    for (const port of PORTS) await expectFree(port)
    await using stack = new AsyncDisposableStack()
    const shell = stack.use(openShell(ROOT))
    const servers = new Map<string, Shell>()
    for (const block of blocks) {
      if (block.kind === 'server') {
        const server = stack.use(openShell(ROOT))
        servers.set(block.name, server)
        await server.start(block.commands, (output) => shows(output, block.output))
      } else await follow(block, shell, servers)
    }
  })
}

async function follow(
  block: Exclude<Block, { readonly kind: 'server' }>,
  shell: Shell,
  servers: ReadonlyMap<string, Shell>,
): Promise<void> {
  if (block.kind === 'commands') {
    const printed = await shell.run(block.commands)
    if (block.output !== undefined)
      expect(printed, block.commands).toMatch(outputPattern(block.output))
    return
  }
  const server = servers.get(block.server)
  if (server === undefined) throw new Error(`Cannot look at "${block.server}": it was not started`)
  await expect.poll(() => server.output).toMatch(anywhere(block.output))
}

function shows(output: string, shown: string | undefined): boolean {
  return shown === undefined || anywhere(shown).test(output)
}

/** The lines as shown, with other lines before and after them. */
function anywhere(shown: string): RegExp {
  return outputPattern(`…\n${shown}\n…`)
}

function expectFree(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, 'localhost')
    socket.once('error', () => resolve())
    socket.once('connect', () => {
      socket.destroy()
      reject(new Error(`Cannot follow the README: port ${port} is taken by another program`))
    })
  })
}
