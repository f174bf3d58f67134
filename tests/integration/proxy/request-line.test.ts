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
    ['spaces around a version of the future', 'GET /r  HTTP/2.0 ', 505],
    ['a minor version of three digits', 'GET /r HTTP/1.100', 400],
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
