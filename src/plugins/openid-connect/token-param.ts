import type { ServerFetch } from '../../plugin-kit/oauth/server-fetch.ts'

/** Sends a token under another name than `token`, which RFC 7662 §2.1 and RFC 7009 §2.1 have for it. */
export function namingToken(fetch: ServerFetch, name: string): ServerFetch {
  if (name === 'token') return fetch
  return (url, options) => {
    const body = new URLSearchParams()
    for (const [each, value] of options.body ?? []) {
      // What a client has sent along under that name would be a second token.
      if (each !== name) body.append(each === 'token' ? name : each, value)
    }
    return fetch(url, { ...options, body })
  }
}
