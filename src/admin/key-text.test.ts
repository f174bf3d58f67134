import { describe, expect, it } from 'vitest'
import { keyText } from './key-text.ts'

describe('keyText()', () => {
  it('prints members in order, texts in quotes, absent ones as null', () => {
    expect(keyText({ service: { id: 'u' }, name: 'cors', route: null, port: 80 })).toBe(
      '{name="cors",port=80,route=null,service={id="u"}}',
    )
  })
})
