/** Names under which things are stored; those of Kong, so that a storage can be taken over. */
export const RENEWAL_PREFIX = 'kong_acme:renew_config:'
export const CERTIFICATE_PREFIX = 'kong_acme:cert_key:'
export const LAST_RENEWAL_KEY = 'kong_acme:renew_last_run'

export function accountKey(apiUri: string, email: string): string {
  return `kong_acme:account:${apiUri}:${Buffer.from(email).toString('base64')}`
}

export function challengeKey(token: string): string {
  return `${token}#http-01`
}

export function lockKey(host: string): string {
  return `kong_acme:update_lock:${host}`
}

export function backoffKey(host: string): string {
  return `kong_acme:fail_backoff:${host}`
}
