import { messagePage, PAGE_POLICY } from './pages.ts'

/** What the issuer answers. */
export interface IssuerAnswer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

export function json(status: number, value: object): IssuerAnswer {
  const headers = { 'content-type': 'application/json', 'cache-control': 'no-store' }
  return { status, headers, body: JSON.stringify(value) }
}

export function html(status: number, body: string): IssuerAnswer {
  const headers = {
    'content-type': 'text/html; charset=utf-8',
    'cache-control': 'no-store',
    'content-security-policy': PAGE_POLICY,
    'referrer-policy': 'no-referrer',
  }
  return { status, headers, body }
}

/** A page that says why, for people. */
export function problem(status: number, message: string): IssuerAnswer {
  return html(status, messagePage(message))
}

/** @see RFC 6749 §5.2 */
export function oauthError(code: string, description: string, status = 400): IssuerAnswer {
  return json(status, { error: code, error_description: description })
}

/** @param parameters added to the query of the address */
export function redirect(
  address: string,
  parameters: Readonly<Record<string, string | undefined>>,
): IssuerAnswer {
  const url = new URL(address)
  for (const [name, value] of Object.entries(parameters))
    if (value !== undefined) url.searchParams.set(name, value)
  return { status: 303, headers: { location: url.href, 'cache-control': 'no-store' }, body: '' }
}
