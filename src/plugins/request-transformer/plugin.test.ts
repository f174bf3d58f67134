import { describe, expect, it } from 'vitest'
import { configFaults, testGateway, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import type { FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { keyAuth } from '../key-auth/plugin.ts'
import { requestTransformer } from './plugin.ts'

const JSON_TYPE = { 'Content-Type': 'application/json' }
const FORM = { 'Content-Type': 'application/x-www-form-urlencoded' }

async function upstreamOf(config: Record<string, unknown>, request: FakeRequest = {}) {
  return (await testPlugin(requestTransformer, config, { request })).upstream
}

describe('request-transformer › headers', () => {
  it('are removed, renamed, replaced, added and appended, in this order', async () => {
    const upstream = await upstreamOf(
      {
        remove: { headers: ['x-remove', 'X-Two'] },
        rename: { headers: ['x-old:x-new'] },
        replace: { headers: ['x-rep:replaced', 'x-absent:replaced'] },
        add: { headers: ['x-add:added', 'x-there:added', 'x-two:again'] },
        append: { headers: ['x-app:appended', 'x-first:one'] },
      },
      {
        headers: {
          'X-Remove': '1',
          'X-Two': '2',
          'X-Old': 'o',
          'X-Rep': 'r',
          'X-There': 't',
          'X-App': 'a',
        },
      },
    )
    expect(upstream.headers().slice(1)).toEqual([
      ['X-There', 't'],
      ['X-App', 'a'],
      ['x-new', 'o'],
      ['X-Rep', 'replaced'],
      ['x-add', 'added'],
      ['x-two', 'again'],
      ['X-App', 'appended'],
      ['x-first', 'one'],
    ])
  })

  it('change their case when only that is renamed, and overwrite another name', async () => {
    const upstream = await upstreamOf(
      { rename: { headers: ['x-a:X-A', 'x-b:x-c', 'x-d:x-d'] } },
      { headers: { 'x-a': '1', 'x-b': '2', 'x-c': 'old', 'x-d': '3' } },
    )
    expect(upstream.headers().slice(1)).toEqual([
      ['x-d', '3'],
      ['X-A', '1'],
      ['x-c', '2'],
    ])
  })

  it('have a Host that can be replaced but not added', async () => {
    expect((await upstreamOf({ replace: { headers: ['host:other.test'] } })).host).toBe(
      'other.test',
    )
    expect((await upstreamOf({ add: { headers: ['host:other.test'] } })).host).not.toBe(
      'other.test',
    )
  })

  it('keep further colons in values, and change nothing for an empty one', async () => {
    const upstream = await upstreamOf({ add: { headers: ['x-a:http://b:1', 'x-b::c', 'x-none:'] } })
    expect(['x-a', 'x-b', 'x-none'].map((name) => upstream.header(name))).toEqual([
      'http://b:1',
      'c',
      undefined,
    ])
  })
})

describe('request-transformer › query', () => {
  it('is changed by the rules and sorted', async () => {
    const upstream = await upstreamOf(
      {
        remove: { querystring: ['gone'] },
        rename: { querystring: ['oldq:newq'] },
        replace: { querystring: ['rq:replaced', 'no:x'] },
        add: { querystring: ['aq:added'] },
        append: { querystring: ['pq:appended'] },
      },
      { path: '/x?gone=1&oldq=2&rq=3&pq=4&aq=5&keep=%20y&bare' },
    )
    expect(upstream.rawQuery).toBe('aq=5&bare&keep=%20y&newq=2&pq=4&pq=appended&rq=replaced')
  })

  it('has arguments without a value, which a value takes the place of', async () => {
    const config = {
      rename: { querystring: ['a:b'] },
      replace: { querystring: ['c:new'] },
      add: { querystring: ['d:new'] },
      append: { querystring: ['e:new'] },
    }
    expect((await upstreamOf(config, { path: '/?a&c&d&e' })).rawQuery).toBe('b&c=new&d&e=new')
  })

  it('stays as it was sent when no rule is about it', async () => {
    const upstream = await upstreamOf({ add: { headers: ['x:y'] } }, { path: '/x?b=%7E&a=+' })
    expect(upstream.rawQuery).toBe('b=%7E&a=+')
  })
})

describe('request-transformer › body', () => {
  const rules = {
    remove: { body: ['gone'] },
    rename: { body: ['oldb:newb'] },
    replace: { body: ['rb:replaced'] },
    add: { body: ['ab:added'] },
    append: { body: ['pb:appended'] },
  }
  const bodyOf = async (request: FakeRequest) => {
    const { body } = await upstreamOf(rules, { method: 'POST', ...request })
    return typeof body === 'string' || body === undefined ? body : Buffer.from(body).toString()
  }

  it.each([
    ['a form', FORM, 'gone=1&oldb=2&rb=3&pb=4', 'rb=replaced&pb=4&pb=appended&newb=2&ab=added'],
    [
      'JSON',
      JSON_TYPE,
      '{"gone":1,"oldb":{"x":[]},"rb":3,"pb":4,"e":[]}',
      '{"rb":"replaced","pb":["appended"],"e":[],"newb":{"x":[]},"ab":"added"}',
    ],
    [
      'JSON with a text to append to',
      JSON_TYPE,
      '{"pb":"4"}',
      '{"pb":["4","appended"],"ab":"added"}',
    ],
    [
      'JSON with an object to append to',
      JSON_TYPE,
      '{"pb":{"a":0}}',
      '{"pb":{"1":"appended","a":0},"ab":"added"}',
    ],
    [
      'JSON with false, which counts as absent',
      JSON_TYPE,
      '{"oldb":false,"rb":false,"ab":false,"pb":false}',
      '{"oldb":false,"rb":false,"ab":"added","pb":["appended"]}',
    ],
    [
      'JSON with null, which does not',
      JSON_TYPE,
      '{"oldb":null,"rb":null,"ab":null,"pb":null}',
      '{"rb":"replaced","ab":null,"pb":["appended"],"newb":null}',
    ],
    ['a form with a bare field', FORM, 'pb&x', 'pb=appended&x&ab=added'],
    ['an empty form', FORM, '', 'ab=added&pb=appended'],
    ['JSON with a list to append to', JSON_TYPE, '{"pb":[]}', '{"pb":["appended"],"ab":"added"}'],
    ['an empty JSON body', JSON_TYPE, '', '{"ab":"added","pb":["appended"]}'],
    [
      'JSON with parameters',
      { 'Content-Type': 'application/json; charset=utf-8' },
      '{"gone":1}',
      '{"ab":"added","pb":["appended"]}',
    ],
    ['broken JSON', JSON_TYPE, '{"gone":', '{"gone":'],
    ['a JSON list', JSON_TYPE, '["gone"]', '["gone"]'],
    ['text', { 'Content-Type': 'text/plain' }, 'gone=1', 'gone=1'],
    ['no type', {}, 'gone=1', 'gone=1'],
  ])('of %s is changed by the rules', async (_, headers, body, expected) => {
    expect(await bodyOf({ headers, body })).toBe(expected)
  })

  it('keeps every byte when no rule acts', async () => {
    const config = { rename: { body: ['a:b'] }, replace: { body: ['c:d'] }, add: { body: ['x:y'] } }
    const request = { method: 'POST', headers: JSON_TYPE, body: '{ "x": 1.0 }' }
    expect((await upstreamOf(config, request)).body).toBe(request.body)
  })

  const PARTS = { 'Content-Type': 'multipart/form-data; boundary=b' }
  const part = (name: string, value: string) =>
    `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`
  const END = '--b--\r\n'

  it.each([
    [
      'are changed, but not appended to; what is new stands last',
      `${part('gone', '1')}${part('oldb', '2')}${part('rb', '3')}${part('keep', '4')}${END}`,
      `${part('keep', '4')}${part('newb', '2')}${part('rb', 'replaced')}${part('ab', 'added')}${END}`,
    ],
    [
      'take the place of one that has the new name',
      `${part('newb', '1')}${part('oldb', '2')}${part('ab', '3')}${END}`,
      `${part('newb', '2')}${part('ab', '3')}${END}`,
    ],
    ['are added to an empty body', '', `${part('ab', 'added')}${END}`],
  ])('of parts: they %s', async (_, body, expected) => {
    expect(await bodyOf({ headers: PARTS, body })).toBe(expected)
  })

  it('of parts: they are renamed before any is removed, and may all go', async () => {
    const request = { method: 'POST', headers: PARTS, body: `${part('a', '1')}${END}` }
    const renamed = { remove: { body: ['a'] }, rename: { body: ['a:c'] } }
    expect(String((await upstreamOf(renamed, request)).body)).toBe(`${part('c', '1')}${END}`)
    expect((await upstreamOf({ remove: { body: ['a'] } }, request)).body).toBe('')
  })
})

describe('request-transformer › method and path', () => {
  it('sets the method', async () => {
    expect((await upstreamOf({ http_method: 'PUT' })).method).toBe('PUT')
  })

  it('takes the fields of a form into the query of a method without body', async () => {
    const request = { method: 'POST', path: '/?a=1', headers: FORM, body: 'b=2&a=3&c=ä' }
    const upstream = await upstreamOf({ http_method: 'GET' }, request)
    expect([upstream.method, upstream.rawQuery]).toEqual(['GET', 'a=1&a=3&b=2&c=%C3%A4'])
  })

  it('replaces the path and keeps the query', async () => {
    const upstream = await upstreamOf({ replace: { uri: '/a/b' } }, { path: '/x?q=1' })
    expect([upstream.path, upstream.rawQuery]).toEqual(['/a/b', 'q=1'])
  })

  it('leaves the path when the template renders to nothing', async () => {
    expect(
      (await upstreamOf({ replace: { uri: '$(query_params.none)' } }, { path: '/x' })).path,
    ).toBe('/x')
  })
})

describe('request-transformer › templates', () => {
  it('see what earlier plugins set, and not what this one changes', async () => {
    const config = {
      remove: { headers: ['x-a'], querystring: ['apikey'] },
      add: {
        headers: ['x-who:$(headers["x-consumer-username"])', 'x-b:$(headers["x-a"])'],
        querystring: ['who:$(headers["x-who"] or "none")'],
      },
    }
    const gateway = testGateway(
      [
        [keyAuth, {}],
        [requestTransformer, config],
      ],
      {
        entities: {
          consumers: [{ username: 'ann' }],
          keyauth_credentials: [{ key: 'k', consumer: 'ann' }],
        },
      },
    )
    const { upstream } = await gateway.send({ path: '/?apikey=k', headers: { 'X-A': '1' } })
    expect([upstream.header('x-who'), upstream.header('x-b'), upstream.rawQuery]).toEqual([
      'ann',
      '1',
      'who=none',
    ])
  })

  const request: FakeRequest = {
    path: '/x?a=1&n=4&list=1&list=2',
    headers: { Host: 'h.test', 'X-In': 'in' },
    captures: { named: { user: 'bob' }, unnamed: ['/u/bob/7', 'bob', '7'] },
  }

  it.each([
    ['$(query_params.a)', '1'],
    ['$(query_params.none)', ''],
    ['$(query_params.list[2])', '2'],
    ['$(headers["x-in"])$(headers.X_In)$(headers.host)', 'ininh.test'],
    ['$((query_params.none or "none") .. "-" .. (headers.host or ""))', 'none-h.test'],
    ['u-$(uri_captures.user)-$(uri_captures[2])-$(uri_captures[0])', 'u-bob-7-/u/bob/7'],
    ['$(10 * query_params.n)', '40'],
    ["$('$(uri_captures.user)')", '$(uri_captures.user)'],
    ['#$(type(query_params))', '#table'],
    ['$(string.upper(headers.x_in))', 'IN'],
    ['$unclosed $(x', '$unclosed $(x'],
    ['$(shared.greeting)', ''],
  ])('fill in %s', async (template, expected) => {
    const upstream = await upstreamOf({ add: { headers: [`x-t:${template}`] } }, request)
    expect(upstream.header('x-t')).toBe(expected)
  })

  it('join letters of headers, arguments, captures and the configuration as bytes', async () => {
    const bytes = (text: string) => Buffer.from(text).toString('latin1')
    const all = 'ö$(query_params.a)$(headers.x_in)$(uri_captures.user)'
    const upstream = await upstreamOf(
      {
        add: { headers: [`x-t:${all}`], querystring: [`q:${all}`] },
        replace: { uri: `/${all}` },
      },
      {
        path: '/?a=%C3%A4',
        headers: { 'X-In': bytes('é') },
        captures: { named: { user: bytes('ß') }, unnamed: ['', bytes('ß')] },
      },
    )
    expect(upstream.header('x-t')).toBe(bytes('öäéß'))
    expect(upstream.path).toBe('/%C3%B6%C3%A4%C3%A9%C3%9F')
    expect(upstream.rawQuery).toBe('a=%C3%A4&q=%C3%B6%C3%A4%C3%A9%C3%9F')
  })

  it('see the request as the client sent it, whatever the rules do', async () => {
    const config = {
      remove: { headers: ['x-in'] },
      replace: { headers: ['x-both:new'] },
      add: { headers: ['x-removed:$(headers.x_in)', 'x-replaced:$(headers.x_both)'] },
    }
    const upstream = await upstreamOf(config, { headers: { 'X-In': 'in', 'X-Both': 'old' } })
    expect([upstream.header('x-removed'), upstream.header('x-replaced')]).toEqual(['in', 'old'])
  })

  it('fail the request when an expression does', async () => {
    const config = { add: { headers: ['x-q:$(nothing.here.at.all)'] } }
    await expect(upstreamOf(config)).rejects.toThrow("attempt to index 'nothing'")
  })

  it('fail the request where Lua is switched off', async () => {
    const settings = { untrusted_lua: 'off' }
    const gateway = testGateway([[requestTransformer, { add: { headers: ['a:$(1)'] } }]], {
      settings,
    })
    await expect(gateway.send()).rejects.toThrow('switched off')
    const plain = testGateway([[requestTransformer, { add: { headers: ['a:1'] } }]], { settings })
    expect((await plain.send()).upstream.header('a')).toBe('1')
  })
})

describe('request-transformer › schema', () => {
  it.each([
    [{ http_method: 'get' }, 'config.http_method: invalid value: get'],
    [{ add: { headers: ['just_a_name'] } }, 'config.add.headers.0: invalid value: just_a_name'],
    [{ add: { body: ['name:'] } }, "config.add.body.0: key 'name' has no value"],
    [{ add: { querystring: ['name'] } }, "config.add.querystring.0: key 'name' has no value"],
    [
      { add: { headers: ['bad name:x'] } },
      "config.add.headers.0: 'bad name' is not a valid header",
    ],
    [{ rename: { headers: ['a:b c'] } }, "config.rename.headers.0: 'b c' is not a valid header"],
    [
      { remove: { headers: ['bad name'] } },
      "config.remove.headers.0: 'bad name' is not a valid header",
    ],
    [
      { replace: { uri: '/$(a +)' } },
      `config.replace.uri: value '/$(a +)' is not in supported format, error:[string "TMP"]:4: unexpected symbol near ')'`,
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(requestTransformer, config)).toEqual([fault])
  })
})
