import { describe, expect, it } from 'vitest'
import { configFaults, testGateway } from '../../plugin-kit/testing/test-plugin.ts'
import { requestTransformer } from '../request-transformer/plugin.ts'
import { postFunction } from './plugin.ts'

describe('post-function', () => {
  it('runs after all other plugins, and sees what they did', async () => {
    const code = 'kong.service.request.set_header("x-last", "yes")'
    const gateway = testGateway([
      [postFunction, { access: [code] }],
      [requestTransformer, { add: { headers: ['x-last:no'] } }],
    ])
    expect((await gateway.send()).upstream.header('x-last')).toBe('yes')
    expect(postFunction.priority).toBeLessThan(0)
  })

  it('names itself in what it refuses', () => {
    expect(configFaults(postFunction, { log: ['if'] })).toEqual([
      expect.stringContaining('error parsing post-function: [string'),
    ])
  })
})
