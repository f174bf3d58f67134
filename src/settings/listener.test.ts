import { describe, expect, it } from 'vitest'
import { listenWarnings } from './listen-warnings.ts'
import { parseListeners, type Listener } from './listener.ts'
import { loadSettings } from './load-settings.ts'

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

describe('so_keepalive', () => {
  it.each([
    ['on', { isOn: true }],
    ['off', { isOn: false }],
    ['30m::10', { isOn: true, idleSeconds: 1800, probes: 10 }],
    ['60:5s:3', { isOn: true, idleSeconds: 60, intervalSeconds: 5, probes: 3 }],
  ])('=%s is read', (value, expected) => {
    const [listener] = listenersOf(`127.0.0.1:80 so_keepalive=${value}`)
    expect(listener!.keepAlive).toMatchObject(expected)
  })

  it.each(['::', '1x::', '::0'])('=%s is refused', (value) => {
    expect(parseListeners('proxy_listen', [`127.0.0.1:80 so_keepalive=${value}`])).toEqual({
      fault: expect.stringContaining('proxy_listen must be of form'),
    })
  })

  it('is as the system has it without a flag', () => {
    expect(listenersOf('127.0.0.1:80')[0]!.keepAlive).toBeUndefined()
  })
})

describe('unix sockets', () => {
  it('are taken for clients, with flags', () => {
    const [listener] = listenersOf('unix:/run/portunus.sock ssl proxy_protocol backlog=5')
    expect(listener).toMatchObject({
      ip: 'unix:/run/portunus.sock',
      path: '/run/portunus.sock',
      port: 0,
      ssl: true,
      proxyProtocol: true,
      backlog: 5,
    })
    expect(listener!.shown['listener']).toBe('unix:/run/portunus.sock ssl proxy_protocol backlog=5')
  })

  it('are taken for streams, and not for datagrams', () => {
    expect(parseListeners('stream_listen', ['unix:/run/a.sock ssl'])).toMatchObject([
      { path: '/run/a.sock', ssl: true },
    ])
    expect(parseListeners('stream_listen', ['unix:/run/a.sock udp'])).toEqual({
      fault: expect.stringContaining('incompatible with "udp"'),
    })
  })

  it.each([
    ['proxy_listen', 'unix:relative.sock'],
    ['proxy_listen', `unix:/${'a'.repeat(107)}`],
    ['proxy_listen', 'unix:/run/a.sock nonsense'],
    ['admin_listen', 'unix:/run/a.sock'],
    ['stream_listen', 'unix:/run/a.sock http2'],
  ])('are refused in %s as %s', (name, entry) => {
    expect(parseListeners(name, [entry])).toEqual({
      fault: expect.stringContaining(`${name} must be of form`),
    })
  })
})

describe('listenWarnings()', () => {
  it.each([
    ['proxy_listen', '1.2.3.4:80 deferred', "'deferred' has no effect: Node"],
    ['proxy_listen', 'unix:/run/a reuseport', "'reuseport' has no effect on a unix socket"],
    ['stream_listen', 'unix:/run/a reuseport', "'reuseport' has no effect on a unix socket"],
    ['admin_listen', '1.2.3.4:80 proxy_protocol', "'proxy_protocol' has an effect in proxy_listen"],
  ])('names what does nothing: %s = %s', (name, entry, warning) => {
    const listeners = parseListeners(name, [entry]) as readonly Listener[]
    expect(listenWarnings(name, listeners)).toEqual([expect.stringContaining(warning)])
  })

  it('is part of what is said when settings are loaded', () => {
    const environment = { KONG_PROXY_LISTEN: '1.2.3.4:80 deferred', KONG_DATABASE: 'off' }
    const { warnings } = loadSettings({ environment, fileExists: () => true })
    expect(warnings).toEqual([
      "proxy_listen: 'deferred' has no effect: Node has no way to ask the system for it, at '1.2.3.4:80 deferred'",
    ])
  })

  it('says nothing about what works', () => {
    const entry = '[::]:80 http2 ssl reuseport backlog=9 ipv6only=off so_keepalive=on bind'
    expect(listenWarnings('proxy_listen', listenersOf(entry))).toEqual([])
  })
})
