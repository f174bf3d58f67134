import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { connect } from 'node:net'
import { freePort } from './free-port.ts'
import { makeAuthority } from './make-certificates.ts'
import { until } from './until.ts'

const PROGRAM = '/usr/sbin/slapd'

/** Whether OpenLDAP's server is there, as Debian's package `slapd` installs it. */
export const hasSlapd = existsSync(PROGRAM)

export interface Slapd extends AsyncDisposable {
  readonly baseDn: string
  readonly port: number
  /** TLS from the first byte, with a certificate that nobody trusts. */
  readonly tlsPort: number
}

/** Starts an OpenLDAP server that knows these users, as `uid` below {@link Slapd.baseDn}. */
export async function startSlapd(users: Readonly<Record<string, string>>): Promise<Slapd> {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-slapd-'))
  const baseDn = 'ou=people,dc=example,dc=test'
  const file = (name: string): string => path.join(folder, name)
  const config = file('slapd.conf')
  mkdirSync(file('data'))
  const { certificate, key } = await makeAuthority('ldap.example.test')
  writeFileSync(file('tls.pem'), certificate)
  writeFileSync(file('tls.key'), key)
  writeFileSync(
    config,
    `include /etc/ldap/schema/core.schema
include /etc/ldap/schema/cosine.schema
include /etc/ldap/schema/inetorgperson.schema
modulepath /usr/lib/ldap
moduleload back_mdb
pidfile ${file('slapd.pid')}
TLSCertificateFile ${file('tls.pem')}
TLSCertificateKeyFile ${file('tls.key')}
database mdb
suffix "dc=example,dc=test"
directory ${file('data')}
`,
  )
  writeFileSync(file('users.ldif'), ldif(baseDn, users))
  execFileSync(PROGRAM, ['-T', 'add', '-f', config, '-l', file('users.ldif')], { stdio: 'ignore' })

  const [port, tlsPort] = [await freePort(), await freePort()]
  const urls = `ldap://127.0.0.1:${port} ldaps://127.0.0.1:${tlsPort}`
  const child = spawn(PROGRAM, ['-d', '0', '-f', config, '-h', urls], { stdio: 'ignore' })
  const ended = once(child, 'exit')
  await until(() => isOpen(tlsPort))
  return {
    baseDn,
    port,
    tlsPort,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
      rmSync(folder, { recursive: true })
    },
  }
}

function ldif(baseDn: string, users: Readonly<Record<string, string>>): string {
  const rows = Object.entries(users).map(
    ([uid, password]) =>
      `dn: uid=${uid},${baseDn}\nobjectClass: inetOrgPerson\nuid: ${uid}\ncn: ${uid}\nsn: ${uid}\n` +
      `userPassword:: ${Buffer.from(password).toString('base64')}\n`,
  )
  return [
    'dn: dc=example,dc=test\nobjectClass: dcObject\nobjectClass: organization\ndc: example\no: test\n',
    `dn: ${baseDn}\nobjectClass: organizationalUnit\nou: people\n`,
    ...rows,
  ].join('\n')
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1')
    socket.once('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.once('error', () => resolve(false))
  })
}
