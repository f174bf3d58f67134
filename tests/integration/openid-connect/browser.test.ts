import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { chromium, type BrowserContext, type Page } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { TestGateway } from '../../support/start-gateway.ts'
import { startOidcProvider, type TestProvider } from '../../support/start-oidc-provider.ts'
import type { TestUpstream } from '../../support/start-upstream.ts'
import { CLIENT, startMirror, startOidcGateway, type Seen } from './setting.ts'

const EXECUTABLE = process.env['TEST_CHROMIUM']
if (EXECUTABLE === undefined)
  console.warn('Skipped: logins in a real browser need TEST_CHROMIUM, the path of Chromium')

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
]

describe.skipIf(EXECUTABLE === undefined)('openid-connect in a browser', () => {
  const profile = mkdtempSync(path.join(os.tmpdir(), 'portunus-browser-'))
  let provider: TestProvider
  let upstream: TestUpstream
  let gateway: TestGateway
  let browser: BrowserContext

  beforeAll(async () => {
    provider = await startOidcProvider()
    upstream = await startMirror()
    const config = {
      issuer: provider.issuer,
      ...CLIENT,
      auth_methods: ['authorization_code', 'session'],
      upstream_headers_claims: ['sub'],
      upstream_headers_names: ['X-User'],
      logout_query_arg: 'logout',
      logout_methods: ['GET'],
      logout_redirect_uri: ['http://127.0.0.1/goodbye'],
    }
    gateway = await startOidcGateway(upstream, { hello: { ...config, login_action: 'redirect' } })
    browser = await chromium.launchPersistentContext(profile, {
      executablePath: EXECUTABLE!,
      args: FLAGS,
    })
  }, 120_000)

  afterAll(async () => {
    await browser?.close()
    await gateway?.[Symbol.asyncDispose]()
    await upstream?.[Symbol.asyncDispose]()
    await provider?.[Symbol.asyncDispose]()
    rmSync(profile, { recursive: true, force: true })
  })

  async function logIn(page: Page, name: string): Promise<void> {
    await page.fill('input[name=login]', name)
    await page.fill('input[name=password]', 'any')
    await page.click('button[type=submit]')
    await page.click('button[type=submit]')
  }

  const seen = async (page: Page): Promise<Seen> =>
    JSON.parse((await page.textContent('body')) ?? '') as Seen

  it('logs in, stays logged in, and logs out', async () => {
    const page = await browser.newPage()
    await page.goto(`${gateway.url}/hello?page=2`)
    expect(page.url()).toContain(provider.issuer)
    await logIn(page, 'ann')

    await page.waitForURL(`${gateway.url}/hello?page=2`)
    expect((await seen(page)).headers['x-user']).toBe('ann')
    const cookies = await browser.cookies(gateway.url)
    const session = cookies.find(({ name }) => name === 'session')
    expect(session).toMatchObject({ httpOnly: true, sameSite: 'Lax', path: '/' })
    expect(cookies.some(({ name }) => name === 'authorization')).toBe(false)
    expect(await page.evaluate('document.cookie')).not.toContain('session=')

    await page.reload()
    expect((await seen(page)).headers['x-user']).toBe('ann')

    // The provider asks before it ends what it knows of the browser.
    await page.goto(`${gateway.url}/hello?logout=1`)
    expect(page.url()).toContain(`${provider.issuer}/session/end`)
    await page.goto(`${gateway.url}/hello`)
    expect((await browser.cookies(gateway.url)).map(({ name }) => name)).not.toContain('session')
    await page.close()
  }, 120_000)

  it('logs in twice at a time, in two tabs', async () => {
    await browser.clearCookies()
    const [first, second] = [await browser.newPage(), await browser.newPage()]
    await first.goto(`${gateway.url}/hello?tab=1`)
    await second.goto(`${gateway.url}/hello?tab=2`)
    await logIn(second, 'ben')
    await second.waitForURL(`${gateway.url}/hello?tab=2`)
    await logIn(first, 'ben')
    await first.waitForURL((url) => url.origin === gateway.url)
    expect((await seen(first)).headers['x-user']).toBe('ben')
  }, 120_000)
})
