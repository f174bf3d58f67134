import type { ServedIssuer } from '../dev-issuer/serve-issuer.ts'
import { portHolder } from '../gateway/port-holder.ts'
import { CommandFault } from './command.ts'

/**
 * Starts the issuer for development. Its code is loaded here and nowhere else, so that a gateway that
 * serves in earnest never has it.
 *
 * @param port 0: one that is free
 * @param remedy what to do when the port is taken
 */
export async function startDevIssuer(port: number, remedy: string): Promise<ServedIssuer> {
  const { serveIssuer } = await import('../dev-issuer/serve-issuer.ts')
  try {
    return await serveIssuer(port)
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    const why =
      code === 'EADDRINUSE'
        ? `is taken by ${portHolder(port) ?? 'another process'}`
        : `: ${message}`
    throw new CommandFault(`port ${port} of the development issuer ${why}; ${remedy}`)
  }
}

/** A command that prints a token of the issuer. */
export function tokenCommand(issuer: string, audience: string): string {
  const fields = `-d grant_type=client_credentials -d client_id=ada -d audience=${audience}`
  return `curl -s ${issuer}/token ${fields} | cut -d '"' -f 4`
}
