import { isIP } from 'node:net'
import type { Client } from 'ldapts'
import { bindName } from './bind-name.ts'
import type { NameAndPassword } from './read-credentials.ts'
import type { Config } from './schema.ts'

/** Says whether the server knows a user by this password. Rejects when it cannot be asked. */
export type Bind = (credentials: NameAndPassword) => Promise<boolean>

/** Asks an LDAP server, over connections that are kept for a while and used again. */
export function ldapBind(config: Config): Bind {
  const { attribute, base_dn: baseDn } = config
  const idle = new IdleClients(config.keepalive ?? 60_000)

  return async ({ username, password }) => {
    const client = idle.take() ?? (await connect(config))
    try {
      await client.bind(bindName(attribute, username, baseDn), password)
      idle.keep(client)
      return true
    } catch (error) {
      const { ResultCodeError } = await import('ldapts')
      // The server has answered, and says no; the next bind on the connection is a new question.
      if (error instanceof ResultCodeError) {
        idle.keep(client)
        return false
      }
      close(client)
      throw error
    }
  }
}

async function connect(config: Config): Promise<Client> {
  const { ldap_host: host, ldap_port: port } = config
  const timeout = config.timeout ?? 10_000
  const tlsOptions = {
    rejectUnauthorized: config.verify_ldap_host,
    ...(isIP(host) === 0 && { servername: host }),
  }
  // Loaded at first use: few gateways have a directory, and all would pay for it.
  const { Client: LdapClient } = await import('ldapts')
  const client = new LdapClient({
    url: `${config.ldaps ? 'ldaps' : 'ldap'}://${isIP(host) === 6 ? `[${host}]` : host}:${port}`,
    timeout,
    connectTimeout: timeout,
    strictDN: false,
    ...(config.ldaps && { tlsOptions }),
  })
  try {
    if (config.start_tls) await client.startTLS(tlsOptions)
    return client
  } catch (error) {
    close(client)
    throw error
  }
}

/** Connections that nobody uses, each for a limited time. */
class IdleClients {
  readonly #keepMs: number
  readonly #clients = new Map<Client, NodeJS.Timeout>()

  constructor(keepMs: number) {
    this.#keepMs = keepMs
  }

  take(): Client | undefined {
    for (const [client, timer] of this.#clients) {
      clearTimeout(timer)
      this.#clients.delete(client)
      if (client.isConnected) return client
      close(client)
    }
    return undefined
  }

  keep(client: Client): void {
    const end = (): void => {
      this.#clients.delete(client)
      close(client)
    }
    this.#clients.set(client, setTimeout(end, this.#keepMs).unref())
  }
}

/** Whether the server hears the goodbye does not matter. */
function close(client: Client): void {
  client.unbind().catch(() => undefined)
}
