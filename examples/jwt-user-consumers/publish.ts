import { readFile } from 'node:fs/promises'
import { parse } from 'yaml'

const ADMIN_URL = process.env['ADMIN_URL'] ?? 'http://localhost:8001'
const BASE = new URL('kong.yml', import.meta.url)

export interface UserCredential {
  readonly key: string
  readonly secret: string
}

/**
 * Puts kong.yml with a consumer for each user in force. The gateway takes the whole or nothing,
 * and drops no request meanwhile.
 */
export async function publish(users: ReadonlyMap<string, UserCredential>): Promise<void> {
  const config = parse(await readFile(BASE, 'utf8')) as Readonly<Record<string, unknown>>
  const consumers = [...users].map(([username, { key, secret }]) => ({
    username,
    jwt_secrets: [{ key, secret }],
  }))
  const answer = await fetch(`${ADMIN_URL}/config`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ ...config, consumers }),
  })
  if (!answer.ok) throw new Error(`Cannot publish the users: the gateway answered ${answer.status}`)
}
