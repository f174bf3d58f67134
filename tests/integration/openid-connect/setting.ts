import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

/** Headers and URL as the upstream got them. */
export interface Seen {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
}

/** Starts an upstream that answers with what it was asked. */
export function startMirror(): Promise<TestUpstream> {
  return startUpstream((request, response) => {
    response.setHeader('content-type', 'application/json')
    response.end(JSON.stringify({ url: request.url, headers: request.headers }))
  })
}

export const CLIENT = {
  client_id: ['gateway'],
  client_secret: ['the secret of the gateway'],
}

export const CONSUMERS = [
  { id: '5f0a1c9e-6a0f-4d7f-9a53-0c5f3e0a0001', username: 'ann' },
  { id: '5f0a1c9e-6a0f-4d7f-9a53-0c5f3e0a0002', username: 'report' },
]

/** A gateway with a route for each config; a route is at its name. */
export function startOidcGateway(
  upstream: TestUpstream,
  routes: Readonly<Record<string, object>>,
  more: {
    /** Further plugins of a route. */
    readonly plugins?: Readonly<Record<string, readonly object[]>>
    readonly settings?: Record<string, string>
    /** Further entities. */
    readonly entities?: object
  } = {},
): Promise<TestGateway> {
  return startGateway(
    {
      _format_version: '3.0',
      consumers: CONSUMERS,
      ...more.entities,
      services: [
        {
          name: 'mirror',
          url: upstream.url,
          routes: Object.entries(routes).map(([name, config]) => ({
            name,
            paths: [`/${name}`],
            strip_path: false,
            plugins: [{ name: 'openid-connect', config }, ...(more.plugins?.[name] ?? [])],
          })),
        },
      ],
    },
    { plugins: 'bundled,openid-connect', ...more.settings },
  )
}

/** What the upstream got of a request that must have come through. */
export async function seenBy(response: Response): Promise<Seen> {
  const text = await response.text()
  if (response.status !== 200) throw new Error(`Answered ${response.status}: ${text}`)
  return JSON.parse(text) as Seen
}

/** Gets a token straight from the provider. */
export async function clientToken(
  issuer: string,
  [id, secret]: readonly [string, string],
  scope: string,
  headers: Record<string, string> = {},
): Promise<string> {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: {
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
      ...headers,
    },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope }),
  })
  const answer = (await response.json()) as { readonly access_token?: string }
  if (answer.access_token === undefined)
    throw new Error(`No token: ${response.status} ${JSON.stringify(answer)}`)
  return answer.access_token
}

export const REPORT = ['report', 'the-secret-of-the-report'] as const
export const MACHINE = ['machine', 'the-secret-of-the-machine'] as const
export const OPAQUE = ['opaque', 'the-secret-of-opaque'] as const
