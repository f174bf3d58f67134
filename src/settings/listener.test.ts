import { describe, expect, it } from 'vitest'
import { parseListeners, type Listener } from './listener.ts'

function listenersOf(...entries: string[]): readonly Listener[] {
  const parsed = parseListeners('proxy_listen', entries)
  if ('fault' in parsed) throw new Error(parsed.fault)
  return parsed
}

describe('parseListeners()', () => {
  it('shows an entry as GET / does, http2 left out of its text', () => {
    const [listener] = listenersOf('0.0.0.0:8443 http2 ssl reuseport backlog=16384')
    expect(listener!.shown).toEqual({
      ip: '0.0.0.0',
      port: 8443,
      listener: '0.0.0.0:8443 ssl reuseport backlog=16384',
      ssl: true,
      http2: true,
      proxy_protocol: false,
      deferred: false,
      bind: false,
      reuseport: true,
      'backlog=16384': true,
      'ipv6only=on': false,
      'ipv6only=off': false,
      'so_keepalive=on': false,
      'so_keepalive=off': false,
      'so_keepalive=%w*:%w*:%d*': false,
    })
    expect(listener).toMatchObject({ ip: '0.0.0.0', port: 8443, backlog: 16384, reusePort: true })
  })

  it('knows other flags for streams, and shows them as GET / does', () => {
    const parsed = parseListeners('stream_listen', ['0.0.0.0:9000 reuseport udp', '[::1]:9001 ssl'])
    expect(parsed).toMatchObject([
      { udp: true, ssl: false, reusePort: true },
      { udp: false, ssl: true, ip: '::1' },
    ])
    expect((parsed as readonly Listener[])[0]!.shown).toEqual({
      ip: '0.0.0.0',
      port: 9000,
      listener: '0.0.0.0:9000 udp reuseport',
      udp: true,
      ssl: false,
      proxy_protocol: false,
      bind: false,
      reuseport: true,
      'backlog=%d+': false,
      'ipv6only=on': false,
      'ipv6only=off': false,
      'so_keepalive=on': false,
      'so_keepalive=off': false,
      'so_keepalive=%w*:%w*:%d*': false,
    })
  })

  it.each([['1.2.3.4:80 http2'], ['1.2.3.4:80 deferred']])('refuses "%s" for streams', (entry) => {
    expect(parseListeners('stream_listen', [entry])).toEqual({
      fault: expect.stringMatching(
        /^stream_listen must be of form: \[off\] \| <ip>:<port> \[udp\]/,
      ),
    })
  })

  it('refuses "udp" elsewhere', () => {
    expect(parseListeners('proxy_listen', ['1.2.3.4:80 udp'])).toHaveProperty('fault')
  })

  it.each(['ssl', 'proxy_protocol', 'backlog=16', 'so_keepalive=on'])(
    'refuses "%s" beside "udp"',
    (flag) => {
      const entry = `1.2.3.4:80 udp ${flag}`
      expect(parseListeners('stream_listen', [entry])).toEqual({
        fault: `stream_listen: "${flag}" parameter is incompatible with "udp", got '${entry}'`,
      })
    },
  )

  it('turns HTTP/2 on for all entries when one asks for it', () => {
    expect(listenersOf('1.2.3.4:80', '1.2.3.4:443 ssl http2').map((entry) => entry.http2)).toEqual([
      true,
      true,
    ])
  })

  it('takes the brackets off an IPv6 address', () => {
    expect(listenersOf('[::1]:8000 ipv6only=off')[0]).toMatchObject({ ip: '::1', ipv6Only: false })
  })

  it('listens on nothing when the first entry is off', () => {
    expect(listenersOf('off', '1.2.3.4:80')).toEqual([])
  })

  it.each([['nonsense'], ['1.2.3.4'], ['1.2.3.4:99999'], ['1.2.3.4:80 sssl'], ['::1:80'], ['']])(
    'refuses "%s"',
    (entry) => {
      expect(parseListeners('proxy_listen', [entry])).toEqual({
        fault: expect.stringMatching(
          /^proxy_listen must be of form: \[off\] \| <ip>:<port> \[ssl\]/,
        ),
      })
    },
  )
})
