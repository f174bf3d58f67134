import { spawn } from 'node:child_process'

/** A command line of the project's checks, run from its root. */
export interface Step {
  readonly name: string
  readonly command: readonly string[]
}

/** Runs a command with its output shown. @returns whether it ended with status 0 */
export function runStep({ command }: Step): Promise<boolean> {
  const [program, ...args] = command
  return new Promise((resolve) => {
    const child = spawn(program!, args, { stdio: 'inherit', env: toolEnvironment() })
    child.once('error', (error) => {
      console.error(`Cannot run ${program}: ${error.message}`)
      resolve(false)
    })
    child.once('exit', (code) => resolve(code === 0))
  })
}

/** The locked tools come before any others of the machine. */
export function toolEnvironment(): NodeJS.ProcessEnv {
  return { ...process.env, PATH: `${process.cwd()}/node_modules/.bin:${process.env['PATH']}` }
}
