import { describe, expect, it } from 'vitest'
import { connectRaw } from '../../support/raw-client.ts'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

function proxyTo(upstream: TestUpstream) {
  return startProxy({
    entities: { services: [service('s', upstream.port)], routes: [route('r', 's')] },
  })
}

describe('a request line as nginx takes it', () => {
  it.each([
    ['several spaces before the version', 'GET /r   HTTP/1.1', 200],
    ['spaces behind the version', 'GET /r HTTP/1.1  ', 200],
    ['a minor version of two digits', 'GET /r HTTP/1.10', 200],
    ['a zero before the minor version', 'GET /r HTTP/1.01', 200],
    ['a minor version of three digits', 'GET /r HTTP/1.100', 200],
    ['a minor version of four digits', 'GET /r HTTP/1.1000', 400],
    ['spaces around a version of the future', 'GET /r  HTTP/2.0 ', 505],
    ['a major version alone', 'GET /r HTTP/2', 505],
    ['a major version of two digits', 'GET /r HTTP/11.1', 505],
    ['an absolute form', 'GET http://a.test:80/r HTTP/1.1', 200],
    ['an absolute form without a path', 'GET http://a.test HTTP/1.1', 404],
    ['an absolute form with a literal address', 'GET http://[::1]:80/r HTTP/1.1', 200],
    ['an underscore in an absolute form', 'GET http://a_b/r HTTP/1.1', 400],
    ['a percent sign in the host of an absolute form', 'GET http://a%2Eb/r HTTP/1.1', 400],
    ['a user in an absolute form', 'GET http://u@a/r HTTP/1.1', 400],
    ['a port of letters in an absolute form', 'GET http://a:b/r HTTP/1.1', 400],
    ['a word behind the version', 'GET /r HTTP/1.1 x', 400],
    ['a space in the version', 'GET /r HTTP/1. 1', 400],
    ['no path', 'GET HTTP/1.1', 400],
    ['neither path nor version', 'GET r', 400],
  ])('%s', async (_, line, status) => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using whole = await connectRaw(proxy.port)
    whole.send(`${line}\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(await whole.closes()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    // The same in pieces, none of which can be judged alone.
    using pieces = await connectRaw(proxy.port)
    for (const piece of `${line}\r\nHost: a\r\nConnection: close\r\n\r\n`.match(/[^]{1,3}/g)!) {
      pieces.send(piece)
      await new Promise(setImmediate)
    }
    expect(await pieces.closes()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(upstream.requests).toEqual(status === 200 ? ['GET /', 'GET /'] : [])
  })
})

describe('the length of a request line', () => {
  it.each([
    ['8,192 bytes with its end', 8192, 404],
    ['8,193 bytes with its end', 8193, 414],
  ])('%s', async (_, bytes, status) => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using client = await connectRaw(proxy.port)
    const path = '/nowhere/'.padEnd(bytes - 'GET  HTTP/1.1\r\n'.length, 'a')
    client.send(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    expect(await client.closes()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
  })
})

describe('a line ended by CR alone', () => {
  it('is refused without waiting for more', async () => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using client = await connectRaw(proxy.port)
    client.send('GET /r HTTP/1.1\rHost: a\r\r')
    expect(await client.closes()).toMatch(/^HTTP\/1\.1 400 /)
  })
})

describe('what Connection asks for', () => {
  it.each([
    ['HTTP/1.1', 'Connection: closed\r\n', 'close'],
    ['HTTP/1.1', 'Connection: a, Close\r\n', 'close'],
    ['HTTP/1.1', 'Connection: close\r\nConnection: keep-alive\r\n', 'keep-alive'],
    ['HTTP/1.1', 'Connection: keep-alive\r\nConnection: close\r\n', 'close'],
    ['HTTP/1.1', 'Connection: close\r\nConnection: x\r\n', 'close'],
    ['HTTP/1.0', 'Connection: keep-alive, x\r\n', 'keep-alive'],
    ['HTTP/1.0', 'Connection: x\r\n', 'close'],
  ])('in %s, %s', async (version, lines, said) => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using client = await connectRaw(proxy.port)
    client.send(`GET /r ${version}\r\nHost: a\r\n${lines}\r\n`)
    expect(await client.sees('\r\n\r\n')).toContain(`\r\nConnection: ${said}\r\n`)
  })
})

describe('a transfer coding that is not known', () => {
  it.each(['', 'Content-Length: 0\r\n'])('is 501, after "%s" as well', async (length) => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using client = await connectRaw(proxy.port)
    client.send(`POST /r HTTP/1.1\r\nHost: a\r\n${length}Transfer-Encoding: gzip\r\n\r\n`)
    expect(await client.closes()).toMatch(/^HTTP\/1\.1 501 /)
    expect(upstream.requests).toEqual([])
  })
})

describe('a fragment', () => {
  it.each([
    ['/r/x?b#c', 'GET /x?b'],
    ['/r/x?b#', 'GET /x?b'],
    ['/r/x?#c', 'GET /x'],
    ['/r/x?a?b#c#d', 'GET /x?a?b'],
    ['/r/x#c', 'GET /x#c'],
    ['/r/x#c?b', 'GET /x#c'],
    ['/r/x?', 'GET /x?'],
  ])('of %s goes with the path alone', async (target, seen) => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using client = await connectRaw(proxy.port)
    client.send(`GET ${target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
    await client.closes()
    expect(upstream.requests).toEqual([seen])
  })
})

describe('HTTP/0.9', () => {
  it('has GET alone, and answers without a head', async () => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using get = await connectRaw(proxy.port)
    get.send('GET /r\r\n')
    const answer = await get.closes()
    expect(answer).not.toContain('HTTP/')
    expect(upstream.requests).toEqual(['GET /'])
    using post = await connectRaw(proxy.port)
    post.send('POST /r\r\n')
    expect(await post.closes()).toMatch(/^Bad request\nrequest_id: [\da-f]{32}\n$/)
    expect(upstream.requests).toEqual(['GET /'])
  })
})

describe('Expect', () => {
  const FINAL = 'HTTP/1.1 200 OK'
  it.each([
    ['100-continue', true],
    ['100-Continue', true],
    ['something-else', false],
  ])('%s is met before the answer, though the body is here: %s', async (value, isMet) => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    using client = await connectRaw(proxy.port)
    client.send(
      `POST /r HTTP/1.1\r\nHost: a\r\nExpect: ${value}\r\nContent-Length: 2\r\nConnection: close\r\n\r\nhi`,
    )
    const answer = await client.closes()
    expect(answer.startsWith('HTTP/1.1 100 Continue\r\n\r\n')).toBe(isMet)
    expect(answer).toContain(FINAL)
  })

  it('lets two ranges pass, and refuses two conditions', async () => {
    await using upstream = await startUpstream()
    await using proxy = await proxyTo(upstream)
    for (const [name, status] of [
      ['Range', 200],
      ['If-Match', 400],
    ] as const) {
      using client = await connectRaw(proxy.port)
      client.send(
        `GET /r HTTP/1.1\r\nHost: a\r\n${name}: "1"\r\n${name}: "2"\r\nConnection: close\r\n\r\n`,
      )
      expect(await client.closes()).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    }
  })
})
