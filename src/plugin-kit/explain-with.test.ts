import { describe, expect, it } from 'vitest'
import type { EntityLookup } from './plugin.ts'
import { explainWith } from './explain-with.ts'

const NO_ENTITIES = {} as EntityLookup
const explain = explainWith('key', { 'key-missing': 'send a key' })

describe('explainWith()', () => {
  it('tells what was found, why it was not enough, and what to do', () => {
    const refused = {
      plugin: 'key-auth',
      verdict: 'refused',
      code: 'key-missing',
      detail: 'key-auth: no key named apikey',
      facts: { names: ['apikey', 'x-key'], count: 2, none: '' },
    } as const
    expect(explain(refused, NO_ENTITIES)).toEqual({
      checks: [{ name: 'key', found: 'names apikey, x-key', verdict: 'no key named apikey' }],
      fix: 'send a key',
    })
  })

  it('gives no advice on a code it does not know, whatever it is called', () => {
    for (const code of ['other', 'constructor', '__proto__'])
      expect(explain({ plugin: 'p', verdict: 'refused', code }, NO_ENTITIES)).toEqual({
        checks: [{ name: 'key', found: '', verdict: code }],
      })
  })

  it('says what passed, and why', () => {
    const passed = {
      plugin: 'p',
      verdict: 'passed',
      code: 'authenticated',
      detail: 'as ann',
    } as const
    expect(explain(passed, NO_ENTITIES).checks).toEqual([
      { name: 'key', found: 'as ann', verdict: 'ok' },
    ])
  })
})
