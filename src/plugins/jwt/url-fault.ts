/** @returns what is wrong with the address of something of an issuer */
export function urlFault(text: string): string | undefined {
  if (!URL.canParse(text)) return 'must be a URL'
  const { protocol, username, password } = new URL(text)
  if (protocol !== 'https:' && protocol !== 'http:') return 'must be a URL of scheme https or http'
  return username === '' && password === '' ? undefined : 'must not hold a name or a password'
}
