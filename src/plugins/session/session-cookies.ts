import type { Timeouts } from '../../plugin-kit/session-times.ts'
import type { Config } from './schema.ts'

/** The line that sets one of the cookies. Attributes stand in Kong's order. */
export function setCookieLine(
  name: string,
  value: string,
  config: Config,
  lasting?: { readonly timeouts: Timeouts; readonly now: number },
): string {
  const { timeouts, now } = lasting ?? {}
  const lastsSeconds = timeouts?.rolling
  return [
    `${name}=${value}`,
    `Path=${config.cookie_path}`,
    ...(config.cookie_domain === undefined ? [] : [`Domain=${config.cookie_domain}`]),
    ...(config.cookie_same_site === 'Default' ? [] : [`SameSite=${config.cookie_same_site}`]),
    ...(config.cookie_secure ? ['Secure'] : []),
    ...(config.cookie_http_only ? ['HttpOnly'] : []),
    ...(lastsSeconds === undefined || now === undefined
      ? []
      : [
          `Expires=${new Date((now + lastsSeconds) * 1000).toUTCString()}`,
          `Max-Age=${lastsSeconds}`,
        ]),
  ].join('; ')
}

/** The line that takes a cookie away. */
export function expireCookieLine(name: string, config: Config): string {
  return setCookieLine(name, '', config, {
    timeouts: { idling: 0, rolling: 0, absolute: 0 },
    now: 0,
  })
}
