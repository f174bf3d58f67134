import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'

/** An issuer on this machine, without TLS. */
export function localIssuer(issuer: string, more: object = {}): object {
  return { issuer, allow_http: true, allow_private_addresses: true, ...more }
}

/** A gateway with a route for each config; a route is at its name. */
export function startJwtGateway(
  upstream: TestUpstream,
  routes: Readonly<Record<string, object>>,
  settings: Record<string, string> = {},
): Promise<TestGateway> {
  return startGateway(
    {
      _format_version: '3.0',
      consumers: [{ username: 'opaque' }],
      services: [
        {
          name: 'mirror',
          url: upstream.url,
          routes: Object.entries(routes).map(([name, config]) => ({
            name,
            paths: [`/${name}`],
            strip_path: false,
            plugins: [{ name: 'jwt', config }],
          })),
        },
      ],
    },
    settings,
  )
}
