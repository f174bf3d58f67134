import { describe, expect, it } from 'vitest'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import type { Entity, EntitySet } from '../../../src/entities/entity.ts'
import { changeLines, changeTeller } from '../../../src/entities/entity-changes.ts'

const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible' })

const ID = '00000000-0000-4000-8000-00000000000'
const service: Entity = { id: `${ID}1`, name: 'orders', port: 80, host: 'a', updated_at: 1 }
const route: Entity = { id: `${ID}2`, name: null, paths: ['/a', '/b'], service: { id: service.id } }
const ann: Entity = { id: `${ID}3`, username: 'ann' }
const bob: Entity = { id: `${ID}4`, username: 'bob' }

function lines(
  kind: string,
  before: Entity | undefined,
  after: Entity | undefined,
  rows: EntitySet = { services: [service], routes: [route], consumers: [ann, bob] },
): readonly string[] {
  const find = (name: string, id: string) => rows[name]?.find((row) => row.id === id)
  return changeLines(
    changeTeller({ catalog, findBefore: find, findAfter: find })({ kind, before, after }),
  )
}

describe('changeLines()', () => {
  it('says what was added, removed and changed, from what to what', () => {
    expect(lines('services', undefined, service)).toEqual(['added    service "orders"'])
    expect(lines('services', service, undefined)).toEqual(['removed  service "orders"'])
    const changed = { ...service, port: 81, path: '/v1', updated_at: 2 }
    expect(lines('services', service, changed)).toEqual([
      'changed  service "orders"',
      '  port: 80 → 81',
      '  path: unset → "/v1"',
    ])
  })

  it.each<[string, Entity, string]>([
    ['routes', route, 'route with paths /a, /b'],
    ['routes', { id: `${ID}5` }, `route ${ID}5`],
    ['plugins', { id: 'p', name: 'cors' }, 'plugin cors on everything'],
    [
      'plugins',
      { id: 'p', name: 'jwt', instance_name: 'main', service: { id: service.id } },
      'plugin jwt "main" on service "orders"',
    ],
    [
      'plugins',
      { id: 'p', name: 'acl', route: { id: route.id }, consumer: { id: ann.id } },
      'plugin acl on route with paths /a, /b for consumer "ann"',
    ],
    [
      'jwt_secrets',
      { id: 'j', key: 'k', consumer: { id: ann.id } },
      'jwt secret "k" of consumer "ann"',
    ],
    [
      'keyauth_credentials',
      { id: 'id-of-it', key: 'hush', consumer: { id: 'gone' } },
      'keyauth credential id-of-it of consumer gone',
    ],
    [
      'acls',
      { id: 'a', group: 'staff', consumer: { id: bob.id } },
      'acl "staff" of consumer "bob"',
    ],
    ['strangers', { id: 's' }, 's'],
  ])('names entities of %s', (kind, row, name) => {
    expect(lines(kind, undefined, row)).toEqual([`added    ${name}`])
  })

  it('names what is referred to', () => {
    const moved = { ...route, service: null }
    expect(lines('routes', route, moved)).toEqual([
      'changed  route with paths /a, /b',
      '  service: service "orders" → unset',
    ])
  })

  it('goes into records, and shows lists as a whole', () => {
    const jwt: Entity = {
      id: 'p',
      name: 'jwt',
      config: { claims_to_verify: null, run_on_preflight: true },
    }
    const changed = { ...jwt, config: { claims_to_verify: ['exp'], run_on_preflight: true } }
    expect(lines('plugins', jwt, changed)).toEqual([
      'changed  plugin jwt on everything',
      '  config.claims_to_verify: unset → ["exp"]',
    ])
  })

  it.each<[string, Entity, Entity]>([
    ['jwt_secrets', { id: 'x', key: 'k', secret: 'old' }, { id: 'x', key: 'k', secret: 'new' }],
    ['keyauth_credentials', { id: 'x', key: 'old' }, { id: 'x', key: 'new' }],
    ['basicauth_credentials', { id: 'x', password: 'old' }, { id: 'x', password: 'new' }],
    ['hmacauth_credentials', { id: 'x', secret: 'old' }, { id: 'x', secret: 'new' }],
    ['oauth2_credentials', { id: 'x', client_secret: 'old' }, { id: 'x', client_secret: 'new' }],
    ['certificates', { id: 'x', key: 'old' }, { id: 'x', key: 'new' }],
    ['keys', { id: 'x', jwk: 'old' }, { id: 'x', jwk: 'new' }],
    ['keys', { id: 'x', pem: { private_key: 'old' } }, { id: 'x', pem: { private_key: 'new' } }],
    [
      'plugins',
      { id: 'x', name: 'session', config: { secret: 'old' } },
      { id: 'x', name: 'session', config: { secret: 'new' } },
    ],
    [
      'plugins',
      { id: 'x', name: 'http-log', config: { headers: { Authorization: 'old' } } },
      { id: 'x', name: 'http-log', config: { headers: { Authorization: 'new' } } },
    ],
    ['acme_storage', { id: 'x', key: 'k', value: 'old' }, { id: 'x', key: 'k', value: 'new' }],
    ['sessions', { id: 'x', data: 'old' }, { id: 'x', data: 'new' }],
    ['sessions', { id: 'x', session_id: 'old' }, { id: 'x', session_id: 'new' }],
  ])('shows that a secret of %s changed, and nothing of it', (kind, before, after) => {
    const text = lines(kind, before, after).join('\n')
    expect(text).toContain('****** → ******')
    expect(text).not.toMatch(/old|new/)
    for (const row of [before, after])
      expect(lines(kind, undefined, row).join('\n')).not.toMatch(/old|new/)
  })

  it('tells of a record that comes or goes field by field, without its secrets', () => {
    const jwk = { id: 'x', kid: 'a', jwk: 'hush', pem: null }
    const pem = { id: 'x', kid: 'a', jwk: null, pem: { private_key: 'hush', public_key: 'hush' } }
    expect(lines('keys', jwk, pem)).toEqual([
      'changed  key "a"',
      '  jwk: ****** → unset',
      '  pem.private_key: unset → ******',
      '  pem.public_key: unset → ******',
    ])
    const config = { storage: 'redis', storage_config: { redis: { password: 'hush' } } }
    expect(
      lines(
        'plugins',
        { id: 'x', name: 'acme', config: { ...config, storage_config: { redis: null } } },
        { id: 'x', name: 'acme', config },
      ),
    ).toEqual([
      'changed  plugin acme on everything',
      '  config.storage_config.redis.password: unset → ******',
    ])
  })

  it('shows references to secrets, which are none', () => {
    const before = { id: 'x', key: 'k', secret: 'old' }
    const after = { id: 'x', key: 'k', secret: '{vault://env/secret}' }
    expect(lines('jwt_secrets', before, after)[1]).toBe('  secret: ****** → "{vault://env/secret}"')
  })
})
