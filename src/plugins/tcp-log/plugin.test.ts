import { describe, expect, it } from 'vitest'
import { configFaults } from '../../plugin-kit/testing/test-plugin.ts'
import { tcpLog } from './plugin.ts'

describe('tcp-log › schema', () => {
  it.each([
    [{}, ['config.host: required field missing', 'config.port: required field missing']],
    [{ host: 'a:1', port: 1 }, ['config.host: must not have a port']],
    [
      { host: 'a b', port: 70_000 },
      ['config.host: invalid value: a b', 'config.port: value should be between 0 and 65535'],
    ],
    [{ host: '::1', port: 1, tls: true, tls_sni: 'x' }, []],
  ])('of %j', (config, faults) => {
    expect(configFaults(tcpLog, config)).toEqual(faults)
  })
})
