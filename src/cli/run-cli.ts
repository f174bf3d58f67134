import { main } from './main.ts'

/** Runs the command line and ends the process with its code, once all output has been taken. */
export async function runCli(words: readonly string[]): Promise<void> {
  // Whoever reads our output may stop early, as `head` does.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(0)
    throw error
  })
  process.exitCode = await main(words)
}
