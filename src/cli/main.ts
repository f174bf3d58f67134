import { closestWord } from '../base/closest-word.ts'
import { COMPATIBILITY_VERSION } from '../gateway/versions.ts'
import { errorLogTime } from '../telemetry/log-time.ts'
import { CommandFault, type Command } from './command.ts'
import { COMMANDS, KONG_COMMAND_NAMES, OWN_COMMAND_NAMES } from './commands.ts'
import { createOutput, type Output, type Verbosity } from './output.ts'
import { parseArguments } from './parse-arguments.ts'

const UNIVERSAL_USAGE = ` --v              verbose
 --vv             debug
`

/** Programs compare this with what Kong prints; people are told of our own commands too. */
function usage(): string {
  const own = process.stderr.isTTY
    ? `\nOf Portunus alone:\n ${OWN_COMMAND_NAMES.join('\n ')}\n`
    : ''
  return `Usage: portunus COMMAND [OPTIONS]

The available commands are:
 ${KONG_COMMAND_NAMES.join('\n ')}
${own}
Options:
${UNIVERSAL_USAGE}`
}

/**
 * Runs one command line.
 *
 * @param words what stands behind `portunus`
 * @returns the exit code
 */
export async function main(words: readonly string[]): Promise<number> {
  const [name, ...rest] = leadingCommand(asMeant(words))
  if (name === undefined) return quit(usage(), withoutCommand(words))
  const load = Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined
  if (load === undefined)
    return quit(usage(), `No such command: ${name}${suggestion(name, Object.keys(COMMANDS))}`)
  return runCommand(name, await load(), rest)
}

/** People say `help start` for `start --help`. To Kong, `help` is no command. */
function asMeant(words: readonly string[]): readonly string[] {
  return process.stderr.isTTY && words[0] === 'help' ? [...words.slice(1), '--help'] : words
}

/** Switches may stand in front of the command. */
function leadingCommand(words: readonly string[]): readonly string[] {
  const at = words.findIndex((word) => !word.startsWith('-'))
  return at === -1 ? [] : [words[at]!, ...words.slice(0, at), ...words.slice(at + 1)]
}

/** To Kong, what stands first is a command whatever it looks like; people who ask for help get it. */
function withoutCommand([first]: readonly string[]): string | undefined {
  return first === undefined || process.stderr.isTTY ? undefined : `No such command: ${first}`
}

async function runCommand(
  name: string,
  command: Command,
  words: readonly string[],
): Promise<number> {
  const own = process.stderr.isTTY && command.ownUsage ? `\n${command.ownUsage}` : ''
  const usage = command.usage + UNIVERSAL_USAGE + own
  const parsed = parseArguments(words, command)
  if ('fault' in parsed) return quit(usage, `portunus: ${parsed.fault}`)
  const { options } = parsed
  if (options['help']) return quit(usage)
  const operands = [...parsed.operands]
  let subcommand: string | undefined
  if (command.subcommands !== undefined) {
    subcommand = operands.shift()
    if (subcommand === undefined) return quit(usage)
    if (!command.subcommands.includes(subcommand))
      return quit(usage, `No such command for ${name}: ${subcommand}`)
  }
  const output = outputOf(options['vv'] ? 'debug' : options['v'] ? 'verbose' : 'plain')
  output.verbose(`Kong: ${COMPATIBILITY_VERSION}`)
  try {
    const environment = process.env
    const workingDirectory = process.cwd()
    const call = { subcommand, operands, options, environment, workingDirectory, output }
    return (await command.run(call)) ?? 0
  } catch (error) {
    return report(error, output)
  }
}

function outputOf(verbosity: Verbosity): Output {
  return createOutput({
    verbosity,
    stdout: process.stdout,
    stderr: process.stderr,
    environment: process.env,
    time: () => errorLogTime(Date.now()),
  })
}

function report(error: unknown, output: Output): number {
  const isExpected = error instanceof CommandFault || (error as Error).name === 'StartFault'
  const message = error instanceof Error ? error.message : String(error)
  if (!isExpected || output.verbosity !== 'plain')
    output.note(`Error: \n${(error as Error).stack ?? message}`)
  else output.note(`Error: ${message}\n\n  Run with --v (verbose) or --vv (debug) for more details`)
  return error instanceof CommandFault ? error.exitCode : 1
}

/** Says how a command is called. Like Kong, that is never a success. */
function quit(usage: string, message?: string): number {
  if (message !== undefined) process.stderr.write(`${message}\n\n`)
  process.stderr.write(usage)
  return 1
}

/** For people; programs compare what is said. */
function suggestion(name: string, known: readonly string[]): string {
  const closest = process.stderr.isTTY ? closestWord(name, known) : undefined
  return closest === undefined ? '' : ` (did you mean ${closest}?)`
}
