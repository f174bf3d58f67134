import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { testGateway } from '../../src/plugin-kit/testing/test-plugin.ts'
import { ldapAuth } from '../../src/plugins/ldap-auth/plugin.ts'
import { hasSlapd, startSlapd, type Slapd } from '../support/start-slapd.ts'

const USERS = { ann: 'secret', eve: 'geheim-ü' }

describe.skipIf(!hasSlapd)('ldap-auth with a directory of OpenLDAP', () => {
  let directory: Slapd

  beforeAll(async () => {
    directory = await startSlapd(USERS)
  })
  afterAll(() => directory?.[Symbol.asyncDispose]())

  function gatewayWith(config: object) {
    const gateway = testGateway([
      [
        ldapAuth,
        {
          ldap_host: '127.0.0.1',
          ldap_port: directory.port,
          base_dn: directory.baseDn,
          attribute: 'uid',
          ...config,
        },
      ],
    ])
    return async (text: string) => {
      const credentials = Buffer.from(text).toString('base64')
      const { response } = await gateway.send({
        headers: { Authorization: `ldap ${credentials}` },
      })
      return response.status
    }
  }

  it.each([
    ['ldap', () => ({})],
    ['StartTLS', () => ({ start_tls: true })],
    ['ldaps', () => ({ ldaps: true, ldap_port: directory.tlsPort })],
  ])('knows users by their passwords over %s', async (_, config) => {
    const status = gatewayWith(config())
    expect(await status('ann:secret')).toBe(200)
    expect(await status('eve:geheim-ü')).toBe(200)
    expect(await status('ann:wrong')).toBe(401)
    expect(await status('nobody:secret')).toBe(401)
  })

  it('lets nobody in without a password, whom a directory takes for anonymous', async () => {
    expect(await gatewayWith({})('ann:')).toBe(401)
  })

  it('lets nobody in by a name that is more than a name', async () => {
    const status = gatewayWith({})
    expect(await status(`ann,${directory.baseDn}:secret`)).toBe(401)
    expect(await status('ann+cn=ann:secret')).toBe(401)
  })

  it('does not speak to a directory whose certificate nobody vouches for, when it is to be checked', async () => {
    const status = gatewayWith({ start_tls: true, verify_ldap_host: true })
    await expect(status('ann:secret')).rejects.toThrow('Cannot ask the LDAP server')
  })
})
