import { createInterface } from 'node:readline/promises'
import { CommandFault, type Call } from './command.ts'

/**
 * Empties a database. Somebody at a terminal is asked first; nobody else could answer.
 *
 * @returns the exit code
 * @throws {CommandFault} when nobody can be asked
 */
export async function resetWith(
  call: Call,
  isBootstrapped: boolean,
  erase: () => Promise<void>,
): Promise<number> {
  const say = sayTo(call)
  if (!call.options['yes']) {
    if (!process.stdin.isTTY)
      throw new CommandFault("not a tty: invoke 'reset' non-interactively with the --yes flag")
    if (!(await isConfirmed())) {
      say('cancelled')
      return 0
    }
  }
  if (!isBootstrapped) {
    say('Database not bootstrapped, nothing to reset')
    return 1
  }
  say('Resetting database...')
  await erase()
  say('Database successfully reset')
  return 0
}

const ANSWERS: Readonly<Record<string, boolean>> = { y: true, yes: true, n: false, no: false }
const TRIES = 3

async function isConfirmed(): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stdout })
  try {
    for (let round = 0; round < TRIES; round += 1) {
      const line = await terminal.question('> Are you sure? This operation is irreversible. [Y/n] ')
      const answer = ANSWERS[line.toLowerCase()]
      if (answer !== undefined) return answer
    }
    return false
  } finally {
    terminal.close()
  }
}

/** Says what a command does, unless it is to be quiet. */
export function sayTo({ options, output }: Call): (text: string) => void {
  return (text) => {
    if (!options['quiet']) output.info(text)
  }
}
