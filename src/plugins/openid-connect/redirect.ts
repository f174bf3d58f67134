import type { Answer } from '../../plugin-kit/answer.ts'

/** An answer that leads on, and that nobody keeps. */
export function redirect(location: string, why: string): Answer {
  return {
    kind: 'exit',
    status: 302,
    headers: { location, 'cache-control': 'no-store' },
    reason: `openid-connect: redirected ${why}`,
  }
}
