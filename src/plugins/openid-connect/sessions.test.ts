import { describe, expect, it } from 'vitest'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { fakeExchange } from '../../plugin-kit/testing/fake-exchange.ts'
import { parsedConfig, testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { openidConnect } from './plugin.ts'
import type { Config } from './schema.ts'
import { sessionsOf } from './sessions.ts'

const START = Date.UTC(2026, 0, 1)
const HOUR = 3600
const DAY = 24 * HOUR

/** A browser that has logged in, at a time that can be put forward. */
async function loggedIn(options: object = {}) {
  const clock = { ms: START }
  const config = parsedConfig(openidConnect, {
    issuer: 'https://login.example.com',
    client_id: ['gateway'],
    client_secret: ['a secret'],
    ...options,
  }) as unknown as Config
  const { node } = testContext(openidConnect, { now: () => clock.ms })
  const sessions = sessionsOf(config, node)!
  let cookie = ''
  const request = (): ClientRequest =>
    fakeExchange({ headers: { cookie } }, { startedAtMs: clock.ms, recordsDecisions: false })
      .request
  let lines = await sessions.keep(sessions.begin('gateway', { accessToken: 'a' }), 'new', request())
  const [first] = lines as [string]
  cookie = first.split(';')[0]!
  return {
    sessions,
    request,
    /** The line of the cookie as it was set last. */
    line: () => lines[0]!,
    /** Comes after so many seconds. @returns whether the session still holds */
    async after(seconds: number): Promise<boolean> {
      clock.ms += seconds * 1000
      const session = await sessions.find(request())
      const touched = session && sessions.touched(session)
      if (touched !== undefined) {
        lines = await sessions.keep(touched, 'used', request())
        cookie = lines[0]!.split(';')[0]!
      }
      return session !== undefined
    },
  }
}

describe('openid-connect › sessions', () => {
  it.each([
    ['rests too long', {}, [899], 900],
    ['rests too long, however short that is', { session_idling_timeout: 10 }, [9, 9], 10],
    ['is not renewed in time', { session_idling_timeout: 0 }, [2699], HOUR - 2699],
    ['has lasted its time', { session_absolute_timeout: 1000 }, [500, 499], 1],
  ])('end when one %s', async (_, options, good, bad) => {
    const browser = await loggedIn(options)
    for (const seconds of good) expect(await browser.after(seconds)).toBe(true)
    expect(await browser.after(bad)).toBe(false)
  })

  it('are in a cookie that the browser forgets when it is closed', async () => {
    const { line } = await loggedIn()
    expect(line()).toMatch(/^session=1\.[\w-]+; Path=\/; SameSite=Lax; HttpOnly$/)
  })

  it('last in a cookie of their own, with timeouts of their own, where they are to be remembered', async () => {
    const browser = await loggedIn({ session_remember: true })
    expect(browser.line()).toMatch(
      /^remember=1\.[\w-]+; Path=\/; SameSite=Lax; HttpOnly; Expires=Thu, 08 Jan 2026 00:00:00 GMT; Max-Age=604800$/,
    )
    for (let week = 0; week < 4; week += 1) expect(await browser.after(6 * DAY)).toBe(true)
    // It cannot last longer than the session.
    expect(browser.line()).toContain(`Max-Age=${6 * DAY}`)
    expect(await browser.after(6 * DAY)).toBe(false)
  })

  it('that are remembered end as well', async () => {
    const browser = await loggedIn({
      session_remember: true,
      session_remember_rolling_timeout: DAY,
    })
    expect(await browser.after(DAY)).toBe(false)
  })

  it('that have ended are known by a copy of the cookie no more', async () => {
    for (const options of [{}, { session_remember: true }]) {
      const { sessions, request } = await loggedIn(options)
      const session = (await sessions.find(request()))!
      expect(await sessions.end(session, request())).toEqual([
        expect.stringMatching(/^(?:session|remember)=; .*Max-Age=0$/),
      ])
      expect(await sessions.find(request())).toBeUndefined()
    }
  })

  it('that have ended stay so for as long as a copy could be good', async () => {
    const browser = await loggedIn({
      session_remember: true,
      session_remember_rolling_timeout: 365 * DAY,
      session_remember_absolute_timeout: 0,
    })
    const session = (await browser.sessions.find(browser.request()))!
    await browser.sessions.end(session, browser.request())
    expect(await browser.after(31 * DAY)).toBe(false)
    expect(await browser.after(300 * DAY)).toBe(false)
  })

  it('are kept from the upstream under either name of their cookie', async () => {
    const names = ['session', 'session2', 'remember', 'remember2']
    for (const options of [{}, { session_remember: true }]) {
      const { sessions } = await loggedIn(options)
      expect([...sessions.cookieNames].toSorted()).toEqual(names.toSorted())
    }
  })

  it('are not taken from the other kind of cookie', async () => {
    const { sessions, request } = await loggedIn()
    const cookie = request().header('cookie')!.replace('session=', 'remember=')
    const remembering = await loggedIn({ session_remember: true })
    const asked = fakeExchange(
      { headers: { cookie } },
      { startedAtMs: START, recordsDecisions: false },
    ).request
    expect(await remembering.sessions.find(asked)).toBeUndefined()
    expect(await sessions.find(request())).toBeDefined()
  })
})
