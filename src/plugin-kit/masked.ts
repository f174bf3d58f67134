/**
 * A secret as it may stand in a log or a decision record: enough to tell two apart, too little to
 * use. Short ones, of which a few letters would be a large part, are hidden whole.
 */
export function masked(secret: string): string {
  const shown = secret.length >= 16 ? secret.slice(0, 4) : ''
  return `${shown}… (${secret.length} characters)`
}
