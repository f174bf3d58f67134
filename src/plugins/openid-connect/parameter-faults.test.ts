import { describe, expect, it } from 'vitest'
import { parsedConfig } from '../../plugin-kit/testing/test-plugin.ts'
import { parameterFaults } from './parameter-faults.ts'
import { openidConnect } from './plugin.ts'
import type { Config } from './schema.ts'

const ISSUER = 'https://login.example.com'
const METADATA = {
  issuer: ISSUER,
  authorization_endpoint: `${ISSUER}/auth`,
  token_endpoint: `${ISSUER}/token`,
  response_types_supported: ['code'],
  response_modes_supported: ['query', 'form_post'],
  grant_types_supported: ['authorization_code', 'refresh_token'],
  scopes_supported: ['openid', 'profile'],
  token_endpoint_auth_methods_supported: ['client_secret_basic', 'private_key_jwt'],
  token_endpoint_auth_signing_alg_values_supported: ['RS256'],
}

function faults(config: object, metadata: object = METADATA): readonly string[] {
  const parsed = parsedConfig(openidConnect, {
    issuer: ISSUER,
    auth_methods: ['authorization_code', 'session', 'bearer'],
    client_id: ['gateway'],
    client_secret: ['a secret'],
    ...config,
  })
  return parameterFaults(parsed as unknown as Config, metadata as { issuer: string })
}

describe('parameterFaults', () => {
  it.each([
    [{}, []],
    [
      { scopes: ['openid', 'orders'] },
      ['scopes has "orders", and scopes_supported of the provider has openid, profile'],
    ],
    [
      { auth_methods: ['password'] },
      [
        'auth_methods has "password", and grant_types_supported of the provider has authorization_code, refresh_token',
      ],
    ],
    [
      { auth_methods: ['introspection'] },
      [
        'auth_methods has "introspection", and the provider has no introspection_endpoint; name one, or take the method away',
      ],
    ],
    [{ auth_methods: ['bearer'], response_mode: 'query' }, []],
    [
      { client_auth: ['client_secret_post'] },
      [
        'client_auth has "client_secret_post", and token_endpoint_auth_methods_supported of the provider has client_secret_basic, private_key_jwt',
      ],
    ],
    [
      { client_alg: ['ES256'] },
      [
        'client_alg has "ES256", and token_endpoint_auth_signing_alg_values_supported of the provider has RS256',
      ],
    ],
    [
      { token_endpoint_auth_method: 'none' },
      [
        'token_endpoint_auth_method has "none", and token_endpoint_auth_methods_supported of the provider has client_secret_basic, private_key_jwt',
      ],
    ],
    [{ revocation_endpoint_auth_method: 'none' }, []],
  ])('finds in %j: %j', (config, expected) => {
    expect(faults(config)).toEqual(expected)
  })

  it('judges nothing that the metadata do not say', () => {
    const { issuer, authorization_endpoint, token_endpoint } = METADATA
    const little = { issuer, authorization_endpoint, token_endpoint }
    expect(faults({ scopes: ['anything'], auth_methods: ['password'] }, little)).toEqual([])
  })

  it('takes an empty list at its word', () => {
    expect(faults({}, { ...METADATA, scopes_supported: [] })).toEqual([
      'scopes has "openid", and scopes_supported of the provider is empty',
    ])
  })
})
