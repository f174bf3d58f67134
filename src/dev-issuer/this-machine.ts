/** Whether a URL is of this machine, so that what is sent there stays here. @see RFC 6761 §6.3 */
export function isOnThisMachine(address: string): boolean {
  const url = URL.parse(address)
  if (url === null || !/^https?:$/.test(url.protocol)) return false
  return isNameOfThisMachine(url.hostname)
}

/** @param host without port; an address of IPv6 in brackets */
export function isNameOfThisMachine(host: string): boolean {
  return /^(?:localhost|[^@/]+\.localhost|127(?:\.\d{1,3}){3}|\[::1\])$/i.test(host)
}
