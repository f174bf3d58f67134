/** Attributes of a cookie as a server gives it. */
export interface CookieAttributes {
  readonly path: string
  readonly domain?: string | undefined
  /** `Default` leaves it to the browser. */
  readonly sameSite: 'Strict' | 'Lax' | 'None' | 'Default'
  readonly secure: boolean
  readonly httpOnly: boolean
}

/**
 * A `Set-Cookie` line.
 *
 * @param lasts for how long, from when (Unix seconds). Absent: until the browser closes
 * @see RFC 6265 §4.1
 */
export function cookieLine(
  name: string,
  value: string,
  attributes: CookieAttributes,
  lasts?: { readonly seconds: number; readonly from: number },
): string {
  const { path, domain, sameSite, secure, httpOnly } = attributes
  return [
    `${name}=${value}`,
    `Path=${path}`,
    ...(domain === undefined ? [] : [`Domain=${domain}`]),
    ...(sameSite === 'Default' ? [] : [`SameSite=${sameSite}`]),
    ...(secure ? ['Secure'] : []),
    ...(httpOnly ? ['HttpOnly'] : []),
    ...(lasts === undefined
      ? []
      : [
          `Expires=${new Date((lasts.from + lasts.seconds) * 1000).toUTCString()}`,
          `Max-Age=${lasts.seconds}`,
        ]),
  ].join('; ')
}

/** The line that takes a cookie away. */
export function endedCookieLine(name: string, attributes: CookieAttributes): string {
  return cookieLine(name, '', attributes, { seconds: 0, from: 0 })
}
