export type Verbosity = 'plain' | 'verbose' | 'debug'

/** Where commands speak: what was asked for on standard output, all else on standard error. */
export interface Output {
  readonly verbosity: Verbosity
  /** Somebody looks at standard error. */
  readonly isInteractive: boolean
  /** Somebody looks at standard output. */
  readonly hasColor: boolean
  /** What the command was asked for, or did. */
  info(text: string): void
  warn(text: string): void
  error(text: string): void
  /** Shown with `--v` and `--vv`. */
  verbose(text: string): void
  /** Bytes as they are, for output that machines read. */
  raw(text: string): void
  /** Text as it is on standard error. */
  note(text: string): void
}

export interface OutputOptions {
  readonly verbosity: Verbosity
  readonly stdout: NodeJS.WriteStream
  readonly stderr: NodeJS.WriteStream
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly time: () => string
}

/** Plain lines; with `--v` each with its time and level, as Kong's commands write them. */
export function createOutput(options: OutputOptions): Output {
  const { verbosity, stdout, stderr, environment, time } = options
  const isPlain = verbosity === 'plain'
  const stamped = (level: string, text: string) => `${time()} [${level}] ${text}\n`
  return {
    verbosity,
    isInteractive: stderr.isTTY,
    hasColor: stdout.isTTY && !environment['NO_COLOR'],
    info: (text) => void stdout.write(isPlain ? `${text}\n` : stamped('info', text)),
    warn: (text) => void stderr.write(stamped('warn', text)),
    error: (text) => void stderr.write(stamped('error', text)),
    verbose: (text) => {
      if (!isPlain) stdout.write(stamped('verbose', text))
    },
    raw: (text) => void stdout.write(text),
    note: (text) => void stderr.write(`${text}\n`),
  }
}
