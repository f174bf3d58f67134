import { describe, expect, it } from 'vitest'
import { configFaults, testGateway, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { requestTermination } from '../request-termination/plugin.ts'
import { responseTransformer } from './plugin.ts'

const ALL = {
  remove: { headers: ['x-multi', 'etag:ignored'], json: ['b'] },
  rename: { headers: ['x-powered-by:x-renamed'], json: ['old:renamed'] },
  replace: { headers: ['server:mine', 'x-none:no'], json: ['a:replaced', 'none:no', 'false:no'] },
  add: {
    headers: ['x-add:added', 'x-there:added'],
    json: ['new:a "b"', 'num:5', 'flag:true', 'off:x', 'nan:x', 'a:no', 'null:no'],
    json_types: ['string', 'number', 'boolean', 'boolean', 'number'],
  },
  append: {
    headers: ['set-cookie:c=3'],
    json: ['c:more', 'text:more', 'object:more', 'first:one'],
  },
}
const JSON_TYPE = { 'Content-Type': 'application/json' }

async function responseOf(config: Record<string, unknown>, reply: object) {
  const { response, body } = await testPlugin(responseTransformer, config, { request: { reply } })
  return { response, body }
}

describe('response-transformer › headers', () => {
  it('are removed, renamed, replaced, added and appended', async () => {
    const { response } = await responseOf(ALL, {
      headers: [
        ['X-Multi', 'one'],
        ['X-Multi', 'two'],
        ['ETag', '"abc"'],
        ['X-Powered-By', 'unit'],
        ['Server', 'theirs'],
        ['X-There', 'yes'],
        ['Set-Cookie', 'a=1'],
      ],
    })
    expect(response.headers()).toEqual([
      ['X-There', 'yes'],
      ['Set-Cookie', 'a=1'],
      ['x-renamed', 'unit'],
      ['server', 'mine'],
      ['x-add', 'added'],
      ['set-cookie', 'c=3'],
    ])
  })

  it('are looked at as they were before any rule', async () => {
    const { response } = await responseOf(
      {
        remove: { headers: ['x-a', 'x-b', 'x-c'] },
        rename: { headers: ['x-c:x-d', 'x-e:x-f'] },
        replace: { headers: ['x-a:replaced', 'x-f:no'] },
        add: { headers: ['x-b:no', 'x-d:added', 'x-g:first', 'x-g:last', 'x-none:'] },
      },
      { headers: { 'x-a': '1', 'x-b': '2', 'x-c': '3', 'x-e': '4' } },
    )
    expect(Object.fromEntries(response.headers())).toEqual({
      'x-a': 'replaced',
      'x-d': 'added',
      'x-f': '4',
      'x-g': 'last',
    })
  })

  it('get the UTF-8 bytes of letters', async () => {
    const { response } = await responseOf({ add: { headers: ['x-t:ä'] } }, {})
    expect(response.header('x-t')).toBe(Buffer.from('ä').toString('latin1'))
  })

  it('keep what looks like a template as it is', async () => {
    const { response } = await responseOf({ add: { headers: ['x-t:$(headers.a)', 'x-c:a:b'] } }, {})
    expect([response.header('x-t'), response.header('x-c')]).toEqual(['$(headers.a)', 'a:b'])
  })

  it('are changed also when another plugin answers', async () => {
    const gateway = testGateway([
      [responseTransformer, { add: { headers: ['x-add:added'] } }],
      [requestTermination, {}],
    ])
    const { response } = await gateway.send()
    expect([response.status, response.header('x-add')]).toEqual([503, 'added'])
  })
})

describe('response-transformer › JSON', () => {
  it.each([
    [
      'all rules',
      '{"a":1,"b":"two","c":[1],"old":{"e":null},"text":"t","object":{"x":0},"false":false,"null":null}',
      '{"a":"replaced","c":[1,"more"],"text":["t","more"],"object":{"1":"more","x":0},"false":false,"null":null,"renamed":{"e":null},"new":"a \\"b\\"","num":5,"flag":true,"off":false,"first":["one"]}',
    ],
    ['broken JSON', '{"a":', '{"a":'],
    ['a list', '["a"]', '["a"]'],
    ['nothing', '', ''],
  ])('is changed by %s', async (_, body, expected) => {
    expect((await responseOf(ALL, { headers: JSON_TYPE, body })).body).toBe(expected)
  })

  it('comes in chunks, and its length is no longer known', async () => {
    const { body, response } = await responseOf(
      { add: { json: ['new:x'] } },
      { headers: { ...JSON_TYPE, 'Content-Length': '7' }, body: ['{"a"', ':1', '}'] },
    )
    expect(body).toBe('{"a":1,"new":"x"}')
    expect([response.hasLostLength, response.header('content-length')]).toEqual([true, undefined])
  })

  it.each([
    ['application/json; charset=utf-8', true],
    ['text/html, application/json', true],
    ['application/problem+json', false],
    ['text/plain', false],
  ])('of type %s is changed: %s', async (type, isChanged) => {
    const reply = { headers: { 'Content-Type': type }, body: '{}' }
    const { body } = await responseOf({ add: { json: ['a:b'] } }, reply)
    expect(body).toBe(isChanged ? '{"a":"b"}' : '{}')
  })

  it('is not read when no rule is about it', async () => {
    const reply = { headers: { ...JSON_TYPE, 'Content-Length': '8' }, body: '{"a": 1}' }
    const { body, response } = await responseOf({ add: { headers: ['x:y'] } }, reply)
    expect([body, response.hasLostLength]).toEqual(['{"a": 1}', false])
  })

  it('says so when the body is not what its type says', async () => {
    const logged: string[] = []
    const request = { reply: { headers: JSON_TYPE, body: '<' } }
    await testPlugin(responseTransformer, { remove: { json: ['a'] } }, { request, logged })
    expect(logged).toEqual([expect.stringContaining('not a JSON object')])
  })
})

describe('response-transformer › schema', () => {
  it.each([
    [{ add: { headers: ['x'] } }, 'config.add.headers.0: invalid value: x'],
    [{ rename: { json: [':x'] } }, 'config.rename.json.0: invalid value: :x'],
    [{ add: { headers: ['b d:x'] } }, "config.add.headers.0: 'b d' is not a valid header"],
    [
      { add: { json_types: ['list'] } },
      'config.add.json_types.0: expected one of: boolean, number, string',
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(responseTransformer, config)).toEqual([fault])
  })
})
