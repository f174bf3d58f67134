import { once } from 'node:events'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import { testGateway } from '../../src/plugin-kit/testing/test-plugin.ts'
import { ldapAuth } from '../../src/plugins/ldap-auth/plugin.ts'

/** As much of an LDAP server as answers a simple bind. @see RFC 4511 §4.2 */
async function ldapServer(users: ReadonlyMap<string, string>) {
  const sockets = new Set<Socket>()
  const binds: string[] = []
  const server = createServer((socket) => {
    sockets.add(socket)
    socket.on('data', (bytes) => {
      const bind = readBind(bytes)
      if (bind === undefined) return
      binds.push(bind.name)
      const code = users.get(bind.name) === bind.password ? 0 : 49
      socket.write(Buffer.from([0x30, 12, 2, 1, bind.id, 0x61, 7, 10, 1, code, 4, 0, 4, 0]))
    })
    socket.on('error', () => undefined)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    binds,
    sockets,
    port: (server.address() as AddressInfo).port,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

/** Message number, name and password of a bind whose lengths fit one byte each. */
function readBind(bytes: Buffer) {
  if (bytes[5] !== 0x60) return undefined
  const id = bytes[4]!
  const nameLength = bytes[11]!
  const name = bytes.toString('utf8', 12, 12 + nameLength)
  const password = bytes.toString(
    'utf8',
    14 + nameLength,
    14 + nameLength + bytes[13 + nameLength]!,
  )
  return { id, name, password }
}

const by = (text: string) => ({
  headers: { Authorization: `ldap ${Buffer.from(text).toString('base64')}` },
})

describe('ldap-auth over a socket', () => {
  it('binds, and uses a connection again', async () => {
    await using server = await ldapServer(new Map([['uid=ann,dc=x', 'secret']]))
    const config = {
      ldap_host: '127.0.0.1',
      ldap_port: server.port,
      base_dn: 'dc=x',
      attribute: 'uid',
      cache_ttl: 0,
    }
    const gateway = testGateway([[ldapAuth, config]])
    const status = async (text: string) => (await gateway.send(by(text))).response.status
    expect([await status('ann:secret'), await status('ann:wrong'), await status('ben:x')]).toEqual([
      200, 401, 401,
    ])
    expect(server.binds).toEqual(['uid=ann,dc=x', 'uid=ann,dc=x', 'uid=ben,dc=x'])
    expect(server.sockets.size).toBe(1)
  })

  it('fails when nobody is there', async () => {
    const config = {
      ldap_host: '127.0.0.1',
      ldap_port: 1,
      base_dn: 'dc=x',
      attribute: 'uid',
      timeout: 500,
    }
    const logged: string[] = []
    const gateway = testGateway([[ldapAuth, config]], { logged })
    await expect(gateway.send(by('ann:secret'))).rejects.toThrow('Cannot ask the LDAP server')
    expect(logged.join()).not.toContain('secret')
  })
})
