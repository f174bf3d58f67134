/** What stands on the page with the form. */
export interface LoginForm {
  /** Where the form goes. */
  readonly action: string
  /** Sent along unseen. */
  readonly hidden: Readonly<Record<string, string>>
  readonly scope: string
  /** Asked for where nobody else says for whom the token is. */
  readonly audience?: string
  /** The client that asked, if one did. */
  readonly clientId?: string
}

/** A page to log in. Nobody is asked for a password: it is to be easy to be somebody else. */
export function loginPage({ action, hidden, scope, audience, clientId }: LoginForm): string {
  const unseen = Object.entries(hidden).map(
    ([name, value]) => `<input type="hidden" name="${escaped(name)}" value="${escaped(value)}">`,
  )
  const forWhom = clientId === undefined ? 'to get a token' : `for ${escaped(clientId)}`
  return page(
    'Log in',
    `<h1>Log in ${forWhom}</h1>
<p>An issuer for development: anybody may be anybody, and no password is asked for.</p>
<form method="post" action="${escaped(action)}">
${unseen.join('\n')}
<label>User <input name="username" value="ada" required autofocus></label>
<label>Scopes <input name="scope" value="${escaped(scope)}"></label>
${audience === undefined ? '' : `<label>Audience <input name="audience" value="${escaped(audience)}" required></label>`}
<button>Log in</button>
</form>`,
  )
}

/** A page that shows a token. */
export function tokenPage(token: string): string {
  return page(
    'A token',
    `<h1>A token</h1>
<p>Send it as <code>Authorization: Bearer …</code></p>
<textarea readonly rows="8">${escaped(token)}</textarea>
<p><a href="/">Another one</a></p>`,
  )
}

export function messagePage(message: string): string {
  return page('Development issuer', `<h1>${escaped(message)}</h1>`)
}

/** The policy that {@link page} needs, and no more. */
export const PAGE_POLICY =
  "default-src 'none'; style-src 'unsafe-inline'; form-action 'self' http: https:; frame-ancestors 'none'; base-uri 'none'"

function page(title: string, body: string): string {
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>${title}</title>
<style>
:root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
body { max-width: 32rem; margin: 3rem auto; padding: 0 1rem }
label { display: block; margin: 1rem 0 }
input, textarea { box-sizing: border-box; width: 100%; padding: 0.5rem; font: inherit }
textarea { font-family: monospace }
button { padding: 0.5rem 2rem; font: inherit }
</style>
${body}
</html>
`
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replaceAll(/[&<>"']/g, (letter) => ENTITIES[letter]!)
}
