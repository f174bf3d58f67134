import type { ServedIssuer } from '../dev-issuer/serve-issuer.ts'
import type { Store } from '../store/store.ts'
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

/** What a token of the issuer must say to be of use. */
export interface TokenNeeds {
  readonly audience: string
  readonly scopes: readonly string[]
}

/** A command that prints a token of the issuer. */
export function tokenCommand(issuer: string, { audience, scopes }: TokenNeeds): string {
  const scope = scopes.length === 0 ? '' : ` -d 'scope=${scopes.join(' ')}'`
  const fields = `-d grant_type=client_credentials -d client_id=ada -d audience=${audience}${scope}`
  return `curl -s ${issuer}/token ${fields} | cut -d '"' -f 4`
}

/** What the first plugin `jwt` that trusts the issuer asks of its tokens. */
export function tokenNeeds(store: Pick<Store, 'page'>, issuer: string): TokenNeeds {
  for (const { name, config } of store.page('plugins', { size: Infinity }).rows) {
    if (name !== 'jwt') continue
    const { issuers, scopes_required: scopes } = config as JwtConfig
    const trusted = issuers?.find((each) => each.issuer === issuer)
    if (trusted !== undefined)
      return { audience: trusted.audiences?.[0] ?? 'api', scopes: scopes ?? [] }
  }
  return { audience: 'api', scopes: [] }
}

interface JwtConfig {
  readonly issuers?:
    | readonly { readonly issuer: string; readonly audiences?: readonly string[] | null }[]
    | null
  readonly scopes_required?: readonly string[] | null
}
