/** One route to one upstream, and a header that tells which configuration answered. */
export function oneRoute(upstreamUrl: string, path = '/'): object {
  return {
    _format_version: '3.0',
    services: [{ name: 'upstream', url: upstreamUrl, routes: [{ name: 'all', paths: [path] }] }],
  }
}
