import { describe, expect, it } from 'vitest'
import type { Plugin } from '../../plugin-kit/plugin.ts'
import { configFaults, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import { acl } from './plugin.ts'

const ENTITIES = {
  consumers: [
    { id: 'c-ann', username: 'ann' },
    { id: 'c-ben', username: 'ben' },
    { id: 'c-cyd', username: 'cyd' },
  ],
  acls: [
    { group: 'admins', consumer: 'ann' },
    { group: 'users', consumer: 'ann' },
    { group: 'users', consumer: 'ben' },
  ],
}

interface Who {
  readonly consumer?: string
  readonly hasCredential?: boolean
  /** Groups that an authentication brought. */
  readonly groups?: readonly string[]
}

/** Stands for an authentication plugin that found somebody. */
function finder({ consumer, hasCredential = true, groups }: Who): Plugin {
  return {
    ...acl,
    name: 'finder',
    priority: 2000,
    create: (_, { entities }) => ({
      access(exchange) {
        if (groups !== undefined) exchange.shared.set('authenticated_groups', groups)
        exchange.authenticate({
          consumer: consumer === undefined ? undefined : entities.consumer(`c-${consumer}`),
          credential: hasCredential ? { id: 'k' } : undefined,
        })
      },
    }),
  }
}

async function send(
  who: Who,
  config: Record<string, unknown>,
  headers: Record<string, string> = {},
) {
  const gateway = testGateway(
    [
      [finder(who), { allow: ['x'] }],
      [acl, config],
    ],
    { entities: ENTITIES },
  )
  const { answer, upstream } = await gateway.send({ headers })
  return {
    status: answer?.status ?? 200,
    message: answer?.message,
    groups: upstream.header('x-consumer-groups'),
    authenticated: upstream.header('x-authenticated-groups'),
  }
}

const ALLOW = { allow: ['admins', 'staff'] }
const DENY = { deny: ['admins', 'staff'] }
const ALWAYS = { always_use_authenticated_groups: true }

describe('acl', () => {
  it.each([
    // who, allow, deny
    ['a consumer in the group', { consumer: 'ann' }, 200, 403],
    ['a consumer in another group', { consumer: 'ben' }, 403, 200],
    ['a consumer in no group', { consumer: 'cyd' }, 403, 200],
    ['an anonymous consumer in the group', { consumer: 'ann', hasCredential: false }, 200, 403],
    ['an anonymous consumer in another group', { consumer: 'ben', hasCredential: false }, 403, 200],
    ['an anonymous consumer in no group', { consumer: 'cyd', hasCredential: false }, 401, 200],
    ['nobody', { hasCredential: false }, 401, 401],
    ['a credential without a consumer', {}, 403, 403],
    ['groups alone', { groups: ['staff'] }, 200, 403],
    ['other groups alone', { groups: ['other'] }, 403, 200],
    ['a consumer with groups that do not count', { consumer: 'ben', groups: ['staff'] }, 403, 200],
    [
      'an anonymous consumer with groups',
      { consumer: 'ben', hasCredential: false, groups: ['staff'] },
      200,
      403,
    ],
  ])('for %s', async (_, who, allow, deny) => {
    expect([(await send(who, ALLOW)).status, (await send(who, DENY)).status]).toEqual([allow, deny])
  })

  it('takes the groups of an authentication first where it shall', async () => {
    const who = { consumer: 'ben', groups: ['staff'] }
    expect((await send(who, { ...ALLOW, ...ALWAYS })).status).toBe(200)
    expect((await send({ consumer: 'ann' }, { ...ALLOW, ...ALWAYS })).status).toBe(200)
  })

  it('says no more than it must', async () => {
    expect(await send({ hasCredential: false }, ALLOW)).toMatchObject({
      status: 401,
      message: undefined,
    })
    expect(await send({ consumer: 'ben' }, ALLOW)).toMatchObject({
      status: 403,
      message: 'You cannot consume this service',
    })
  })

  it('compares groups letter by letter', async () => {
    expect((await send({ consumer: 'ann' }, { allow: ['Admins'] })).status).toBe(403)
    expect((await send({ consumer: 'ann' }, { allow: ['admin'] })).status).toBe(403)
  })

  it('tells the upstream the groups, whatever the client claims', async () => {
    const claimed = { 'X-Consumer-Groups': 'root', 'X-Authenticated-Groups': 'root' }
    expect((await send({ consumer: 'ann' }, ALLOW, claimed)).groups).toBe('admins, users')
    expect((await send({ groups: ['staff', 'x'] }, ALLOW, claimed)).authenticated).toBe('staff, x')
    const letters = await send({ groups: ['staff', 'ä'] }, ALLOW, claimed)
    expect(letters.authenticated).toBe('staff, \u{c3}\u{a4}')
    const hidden = { ...ALLOW, hide_groups_header: true }
    expect((await send({ consumer: 'ann' }, hidden, claimed)).groups).toBeUndefined()
  })

  it.each([
    [{}, "at least one of these fields must be non-empty: 'config.allow', 'config.deny'"],
    [
      { allow: ['a'], deny: ['b'] },
      "exactly one of these fields must be non-empty: 'config.allow', 'config.deny'",
    ],
  ])('refuses the config %j', (config, fault) => {
    expect(configFaults(acl, config)).toContain(fault)
  })
})
