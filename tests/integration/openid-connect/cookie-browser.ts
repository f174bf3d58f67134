/** What a browser does with cookies, redirects and forms, and nothing else. */
export interface CookieBrowser {
  /** One request; redirects are not followed. */
  request(url: string, init?: RequestInit): Promise<Response>
  /** Follows redirects of a GET. @returns the last response, and where it came from */
  open(url: string): Promise<Page>
  /**
   * Logs in at the provider, starting from a URL of the gateway.
   * @param stopsAt is asked before each request; the last page is then the one not asked for
   */
  logIn(url: string, name: string, stopsAt?: (url: string) => boolean): Promise<Page>
  /** By name; only what the browser still has. */
  readonly cookies: Map<string, string>
}

export interface Page {
  readonly url: string
  readonly response: Response
  readonly body: string
}

const never = (_url: string): boolean => false

export function cookieBrowser(): CookieBrowser {
  const cookies = new Map<string, string>()
  let stops = never

  async function request(url: string, init: RequestInit = {}): Promise<Response> {
    const headers = new Headers(init.headers)
    if (cookies.size > 0)
      headers.set('cookie', [...cookies].map(([name, value]) => `${name}=${value}`).join('; '))
    const response = await fetch(url, { ...init, headers, redirect: 'manual' })
    for (const line of response.headers.getSetCookie()) keep(line)
    return response
  }

  function keep(line: string): void {
    const [pair = '', ...attributes] = line.split(';')
    const equals = pair.indexOf('=')
    const name = pair.slice(0, equals)
    const expires = attributes.find((each) => /^ *expires=/i.test(each))?.split('=')[1]
    if (expires !== undefined && Date.parse(expires) < Date.now()) cookies.delete(name)
    else cookies.set(name, pair.slice(equals + 1))
  }

  async function follow(url: string, init?: RequestInit): Promise<Page> {
    let at = url
    let response = await request(url, init)
    for (let hops = 0; hops < 12; hops += 1) {
      const location = response.headers.get('location')
      if (location === null) break
      await response.body?.cancel()
      at = new URL(location, at).href
      if (stops(at)) return { url: at, response, body: '' }
      response = await request(at)
    }
    return { url: at, response, body: await response.text() }
  }

  async function submit(page: Page, fields: Record<string, string>): Promise<Page> {
    const action = /<form[^>]* action="([^"]+)"/.exec(page.body)?.[1]
    const prompt = /name="prompt" value="(\w+)"/.exec(page.body)?.[1]
    if (action === undefined || prompt === undefined)
      throw new Error(`There is no form at ${page.url}: ${page.response.status} ${page.body}`)
    const body = new URLSearchParams({ prompt, ...fields })
    return follow(new URL(action, page.url).href, { method: 'POST', body })
  }

  return {
    cookies,
    request,
    open: (url) => follow(url),
    async logIn(url, name, stopsAt = never) {
      const login = await follow(url)
      const consent = await submit(login, { login: name, password: 'any' })
      stops = stopsAt
      const page = await submit(consent, {})
      stops = never
      return page
    },
  }
}
