import { describe, expect, it } from 'vitest'
import { parsedConfig } from '../../plugin-kit/testing/test-plugin.ts'
import { claimAt, claimText, claimWords } from './claims.ts'
import { openidConnect } from './plugin.ts'
import { shortageOf } from './requirements.ts'
import type { Config } from './schema.ts'

describe('claimAt', () => {
  const sources = [undefined, { a: 1, nested: { roles: ['x'] } }, { a: 2, b: 'b', none: null }]

  it.each([
    [['a'], 1],
    [['b'], 'b'],
    [['nested', 'roles'], ['x']],
    [['nested', 'other'], undefined],
    [['b', 'length'], undefined],
    [['none'], undefined],
    [['toString'], undefined],
    [['__proto__'], undefined],
  ])('finds %j: %j', (path, value) => {
    expect(claimAt(sources, path)).toEqual(value)
  })
})

describe('claimWords', () => {
  it.each([
    ['a  b', ['a', 'b']],
    [
      ['a', 1, 'b c'],
      ['a', 'b c'],
    ],
    [{}, []],
    [5, []],
    ['', []],
  ])('reads %j as %j', (value, words) => {
    expect(claimWords([{ value }], ['value'])).toEqual(words)
  })
})

describe('claimText', () => {
  it.each([
    ['a', 'a'],
    [7, '7'],
    ['', undefined],
    [['a'], undefined],
    [true, undefined],
  ])('reads %j as %j', (value, text) => {
    expect(claimText([{ value }], ['value'])).toBe(text)
  })
})

describe('shortageOf', () => {
  const claims = { scope: 'a b', aud: 'api', groups: ['g'], realm: { roles: ['r'] }, act: {} }

  it.each([
    [{}, undefined],
    [{ scopes_required: ['a'] }, undefined],
    [{ scopes_required: ['c', 'a b'] }, undefined],
    [{ scopes_required: ['a c'] }, 'scope'],
    [{ scopes_required: [] }, undefined],
    [{ audience_required: ['other', 'api'] }, undefined],
    [{ audience_required: ['other'] }, 'audience'],
    [{ groups_required: ['h'] }, 'groups'],
    [{ roles_required: ['r'] }, 'roles'],
    [{ roles_required: ['r'], roles_claim: ['realm', 'roles'] }, undefined],
    [{ claims_forbidden: ['act'] }, 'claims'],
    [{ claims_forbidden: ['none'] }, undefined],
  ])('with %j: %s', (config, what) => {
    const parsed = parsedConfig(openidConnect, { issuer: 'https://x.test', ...config })
    expect(shortageOf(parsed as unknown as Config, [claims])?.what).toBe(what)
  })
})
