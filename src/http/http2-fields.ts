/** Fields about a connection of HTTP/1, and those said in another way: HTTP/2 refuses them. See RFC 9113 §8.2.2. */
export const CONNECTION_FIELDS: ReadonlySet<string> = new Set([
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
])
