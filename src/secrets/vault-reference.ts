/** The parts of `{vault://<vault>/<resource>/<key>?<options>}`. */
export interface VaultReference {
  /** A vault's name or the prefix of a `vaults` entity. */
  readonly vault: string
  readonly resource: string
  /** A member of the resource, which is then a JSON object. */
  readonly key: string | undefined
  readonly options: Readonly<Record<string, string>>
}

const PREFIX = '{vault://'

/** Whether a value looks like a reference; it may still be one that cannot be read. */
export function looksLikeReference(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith(PREFIX) && value.endsWith('}')
}

/**
 * Reads a reference.
 *
 * @returns the parts, or what is wrong with it
 */
export function parseReference(text: string): VaultReference | { readonly fault: string } {
  const fault = (what: string) => ({ fault: `${what} [${text}]` })
  if (!looksLikeReference(text)) return fault('not a reference')
  const [location = '', query = ''] = text.slice(PREFIX.length, -1).split('?', 2)
  const [vault = '', ...path] = location.split('/')
  const [resource = '', ...keys] = path.map(decode)
  if (vault === '') return fault('reference url is missing host')
  if (path.length === 0) return fault('reference url is missing path')
  if (path.join('/') === '') return fault('reference url has empty path')
  if (resource === '') return fault('reference url has invalid path')
  return {
    vault,
    resource,
    key: keys.length > 0 ? keys.join('/') : undefined,
    options: Object.fromEntries(new URLSearchParams(query)),
  }
}

function decode(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch {
    // A stray percent sign: the name is taken as written.
    return segment
  }
}
