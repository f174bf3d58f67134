export interface UpstreamUriParts {
  /** `service.path`; absent or empty stands for `/`. */
  readonly servicePath: string | null | undefined
  /** The normalised request path. */
  readonly requestPath: string
  /** What the route's path matched of it; absent when the route has no paths. */
  readonly matchedPath: string | undefined
  readonly stripPath: boolean
  readonly pathHandling: 'v0' | 'v1'
}

/**
 * The path the upstream is asked for, escaped: the service's path and what the route leaves of the
 * request's.
 *
 * `v0` joins the two with exactly one slash and keeps the request's trailing one; `v1` glues them.
 */
export function upstreamUri(parts: UpstreamUriParts): string {
  const { servicePath, requestPath, matchedPath } = parts
  const base =
    servicePath === null || servicePath === undefined || servicePath === '' ? '/' : servicePath
  const isStripped = parts.stripPath && matchedPath !== undefined
  if (!isStripped) {
    if (base === '/') return escapeUpstreamPath(requestPath)
    return escapeUpstreamPath(
      parts.pathHandling === 'v1' ? base + requestPath.slice(1) : joined(base, requestPath),
    )
  }
  const rest = withoutLeadingDots(requestPath.slice(matchedPath.length))
  const path = parts.pathHandling === 'v1' ? glued(base, rest) : rejoined(base, rest, requestPath)
  return escapeUpstreamPath(path)
}

const NEEDS_ESCAPE = /[^!#$&'()*+,/:;=?@[\]\w.~%-]/
const EVERY_ESCAPE = new RegExp(NEEDS_ESCAPE, 'g')

/** Percent-encodes every byte that may not stand in a request target. */
export function escapeUpstreamPath(path: string): string {
  if (!NEEDS_ESCAPE.test(path)) return path
  return path.replaceAll(
    EVERY_ESCAPE,
    (byte) => `%${byte.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`,
  )
}

/**
 * A prefix has no segment boundary, so `/route../x` leaves `../x` behind `/route`: a dot segment
 * that was none before and must not climb out of the service's path.
 */
function withoutLeadingDots(rest: string): string {
  if (rest.charCodeAt(0) !== 46) return rest
  if (rest === '.' || rest === '..') return ''
  if (rest.startsWith('./')) return rest.slice(2)
  return rest.startsWith('../') ? rest.slice(3) : rest
}

/** v0 without stripping. */
function joined(base: string, requestPath: string): string {
  if (base.endsWith('/')) return base + requestPath.slice(1)
  return requestPath === '/' ? base : base + requestPath
}

/** v0 with stripping: what is left decides about the slash in between, the request about the last one. */
function rejoined(base: string, rest: string, requestPath: string): string {
  const hasSlash = base.endsWith('/')
  if (rest === '') {
    if (base === '/') return '/'
    const endsInSlash = requestPath.endsWith('/')
    if (hasSlash) return endsInSlash ? base : base.slice(0, -1)
    return endsInSlash && requestPath !== '/' ? `${base}/` : base
  }
  if (rest.startsWith('/')) return hasSlash ? base.slice(0, -1) + rest : base + rest
  return hasSlash ? base + rest : `${base}/${rest}`
}

/** v1 with stripping. */
function glued(base: string, rest: string): string {
  return base.endsWith('/') && rest.startsWith('/') ? base + rest.slice(1) : base + rest
}
