import type { Output } from './output.ts'

/** An option of a command: a switch, or one that takes a value. */
export interface OptionSpec {
  readonly short?: string
  /** `lines` may be given several times, for a text of one line each. */
  readonly takes?: 'text' | 'number' | 'lines'
}

export type OptionSpecs = Readonly<Record<string, OptionSpec>>

/** One word of the command line, such as `start`. */
export interface Command {
  /** Shown by `--help`, without the options that all commands have. */
  readonly usage: string
  /** Shown to people only: what Kong's command does not have. */
  readonly ownUsage?: string
  readonly options: OptionSpecs
  /** Words of which the first operand must be one. */
  readonly subcommands?: readonly string[]
  /** @returns the exit code; 0 when it returns nothing */
  run(call: Call): Promise<number | void>
}

/** A command as it was called. */
export interface Call {
  readonly subcommand: string | undefined
  /** What is neither an option nor the subcommand. */
  readonly operands: readonly string[]
  /** By long name; `true` for a switch. */
  readonly options: Readonly<Record<string, string | true | undefined>>
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly workingDirectory: string
  readonly output: Output
}

/** Why a command cannot do what it was asked for, for whoever typed it. */
export class CommandFault extends Error {
  override readonly name = 'CommandFault'
  readonly exitCode: number

  constructor(message: string, exitCode = 1) {
    super(message)
    this.exitCode = exitCode
  }
}

/** @returns the text of an option that takes one */
export function textOption({ options }: Call, name: string): string | undefined {
  const value = options[name]
  return typeof value === 'string' ? value : undefined
}

/** @returns the number of an option that takes one; its text was checked before */
export function numberOption({ options }: Call, name: string): number | undefined {
  const value = options[name]
  return typeof value === 'string' ? Number(value) : undefined
}
