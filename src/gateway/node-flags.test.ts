import { describe, expect, it } from 'vitest'
import { nodeFlags } from './node-flags.ts'

describe('nodeFlags()', () => {
  it('leaves helpers out where they would take the only processor', () => {
    expect(nodeFlags(1)).toEqual(['--single-threaded-gc'])
    expect(nodeFlags(2)).toEqual([])
  })
})
