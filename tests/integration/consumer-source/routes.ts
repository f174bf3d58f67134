import { createHmac } from 'node:crypto'
import type { TestGateway } from '../../support/start-gateway.ts'

/** One route for each way to authenticate, and one for members of `staff`; nobody is configured. */
export function routesTo(upstream: string): object {
  const route = (name: string, ...plugins: readonly object[]) => ({
    name,
    paths: [`/${name}`],
    plugins,
  })
  return {
    _format_version: '3.0',
    services: [
      {
        name: 'api',
        url: upstream,
        routes: [
          route('jwt', { name: 'jwt' }),
          route('key', { name: 'key-auth' }),
          route('basic', { name: 'basic-auth' }),
          route('hmac', { name: 'hmac-auth' }),
          route('staff', { name: 'key-auth' }, { name: 'acl', config: { allow: ['staff'] } }),
        ],
      },
    ],
  }
}

export interface Reply {
  readonly status: number
  /** What the upstream was told, or what the gateway said itself. */
  readonly body: unknown
}

export async function send(
  gateway: TestGateway,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<Reply> {
  const answer = await fetch(`${gateway.url}${path}`, { headers })
  const text = await answer.text()
  return { status: answer.status, body: text === '' ? undefined : JSON.parse(text) }
}

export const withKey = (key: string) => ({ apikey: key })

export function withPassword(name: string, password: string) {
  return { authorization: `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}` }
}

export function withToken(iss: string, secret: string) {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
  const text = `${part({ alg: 'HS256', typ: 'JWT' })}.${part({ iss })}`
  return {
    authorization: `Bearer ${text}.${createHmac('sha256', secret).update(text).digest('base64url')}`,
  }
}

export function withSignature(username: string, secret: string) {
  const date = new Date().toUTCString()
  const signature = createHmac('sha256', secret).update(`x-date: ${date}`).digest('base64')
  return {
    'x-date': date,
    authorization: `hmac username="${username}", algorithm="hmac-sha256", headers="x-date", signature="${signature}"`,
  }
}
