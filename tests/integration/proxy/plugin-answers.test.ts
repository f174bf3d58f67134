import { describe, expect, it } from 'vitest'
import type { Answer } from '../../../src/plugin-kit/answer.ts'
import { definePlugin } from '../../../src/plugin-kit/plugin.ts'
import { connectRaw } from '../../support/raw-client.ts'
import { plugin, route, service, startProxy } from '../../support/start-proxy.ts'

/** A proxy whose only plugin answers everything so. */
function startAnswering(given: Answer) {
  return startProxy({
    entities: {
      services: [service('api', 1)],
      routes: [route('api', 'api')],
      plugins: [plugin('answering')],
    },
    plugins: [
      definePlugin({
        name: 'answering',
        priority: 1,
        schema: {},
        create: () => ({ access: () => given }),
      }),
    ],
  })
}

const REQUEST = 'GET /api HTTP/1.1\r\nHost: a\r\n\r\n'
const fine: Answer = { kind: 'exit', status: 200, body: 'b', reason: 'a test' }

describe('an answer of a plugin', () => {
  it.each<[string, Partial<Answer>]>([
    ['"bad name" is no field name', { headers: { 'bad name': 'x' } }],
    ['"" is no field name', { headers: { '': 'x' } }],
    ['"a:b" is no field name', { headers: { 'a:b': 'x' } }],
    ['100 is no status of a final response', { status: 100 }],
    ['NaN is no status of a final response', { status: Number.NaN }],
    ['1000 is no status of a final response', { status: 1000 }],
  ])('that HTTP cannot say is a fault of the plugin: %s', async (fault, given) => {
    await using proxy = await startAnswering({ ...fine, ...given })
    using client = await connectRaw(proxy.port)
    // The second request proves that nothing is left over of the first.
    client.send(REQUEST)
    await client.sees('"request_id"')
    client.send(REQUEST)
    await client.sees(/"request_id"[^]*"request_id"/)
    expect(client.text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 500', 'HTTP/1.1 500'])
    expect(proxy.log[0]).toMatch(/^error Plugin "answering" cannot answer exchange \w+: /)
    expect(proxy.log[0]).toContain(fault)
  })

  it('has line breaks taken out of its values', async () => {
    await using proxy = await startAnswering({ ...fine, headers: { a: 'b\r\nEvil: c' } })
    using client = await connectRaw(proxy.port)
    client.send(REQUEST)
    await client.sees('\r\n\r\nb')
    expect(client.text).toContain('\r\nA: b  Evil: c\r\n')
  })
})
