import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { Provider, type Configuration } from 'oidc-provider'

/*
 * An OpenID provider in a process of its own; `start-oidc-provider.ts` starts it, and is told where
 * it listens.
 */

const AUDIENCE = 'urn:orders'
const JWT_CLIENTS = ['report', 'machine']
const { settings = '{}' } = process.env
const { accessTokenSeconds = 3600, signerKeys = [] } = JSON.parse(settings) as {
  accessTokenSeconds?: number
  signerKeys?: object[]
}

const redirects = {
  application_type: 'native' as const,
  redirect_uris: ['hello', 'callback', 'lasting'].map((path) => `http://127.0.0.1/${path}`),
  post_logout_redirect_uris: ['http://127.0.0.1/goodbye'],
}

const configuration: Configuration = {
  clients: [
    {
      client_id: 'gateway',
      client_secret: 'the secret of the gateway',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      ...redirects,
    },
    {
      client_id: 'report',
      client_secret: 'the-secret-of-the-report',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: 'orders:read orders:write',
    },
    {
      client_id: 'machine',
      client_secret: 'the-secret-of-the-machine',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: 'orders:read',
      tls_client_certificate_bound_access_tokens: true,
    },
    {
      client_id: 'opaque',
      client_secret: 'the-secret-of-opaque',
      grant_types: ['client_credentials'],
      response_types: [],
      redirect_uris: [],
      scope: 'orders:read',
    },
    {
      client_id: 'signer',
      token_endpoint_auth_method: 'private_key_jwt',
      token_endpoint_auth_signing_alg: 'ES256',
      jwks: { keys: signerKeys },
      grant_types: ['authorization_code'],
      response_types: ['code'],
      require_pushed_authorization_requests: true,
      require_signed_request_object: true,
      request_object_signing_alg: 'ES256',
      ...redirects,
    },
  ],
  scopes: ['openid', 'offline_access', 'orders:read', 'orders:write'],
  claims: { openid: ['sub', 'groups'], profile: ['name'] },
  cookies: { keys: ['a key of the cookies of this provider'] },
  ttl: {
    AccessToken: accessTokenSeconds,
    ClientCredentials: accessTokenSeconds,
    Session: 3600,
    Interaction: 600,
    Grant: 3600,
    IdToken: 3600,
    RefreshToken: 3600,
  },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({ sub: id, name: id.toUpperCase(), groups: id === 'ann' ? ['admins'] : [] }),
  }),
  issueRefreshToken: async (_, client) => client.grantTypeAllowed('refresh_token'),
  rotateRefreshToken: () => true,
  conformIdTokenClaims: false,
  features: {
    devInteractions: { enabled: true },
    clientCredentials: { enabled: true },
    introspection: { enabled: true, allowedPolicy: () => true },
    revocation: { enabled: true },
    requestObjects: { enabled: true },
    dPoP: { enabled: true, nonceSecret: Buffer.alloc(32, 7) },
    mTLS: {
      enabled: true,
      certificateBoundAccessTokens: true,
      // As from a proxy in front that ends TLS.
      getCertificate: (context) => decodeURIComponent(context.get('x-client-certificate')),
    },
    rpInitiatedLogout: { enabled: true },
    resourceIndicators: {
      enabled: true,
      defaultResource: (_, client) =>
        JWT_CLIENTS.includes(client?.clientId ?? '') ? AUDIENCE : [],
      useGrantedResource: () => true,
      getResourceServerInfo: () => ({
        scope: 'orders:read orders:write',
        audience: AUDIENCE,
        accessTokenFormat: 'jwt',
        accessTokenTTL: accessTokenSeconds,
      }),
    },
  },
}

let handle: http.RequestListener = (_, response) => void response.writeHead(503).end()
const server = http.createServer((request, response) => handle(request, response))
server.listen(0, '127.0.0.1', () => {
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const callback = new Provider(issuer, configuration).callback()
  handle = (request, response) => void callback(request, response)
  process.send?.({ issuer })
})
