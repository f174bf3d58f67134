interface ContentType {
  readonly type: string
  readonly subtype: string
  readonly parameters: ReadonlyMap<string, string>
}

/**
 * Whether a response's content type is one of the configured ones. Parameters must be the same, none
 * more and none less: `application/json` is not `application/json; charset=utf-8`.
 */
export function contentTypeRule(
  configured: readonly string[],
): (contentType: string | undefined) => boolean {
  const wanted = configured.flatMap((text) => parseContentType(text) ?? [])
  return (text) => {
    const given = text === undefined ? undefined : parseContentType(text)
    return given !== undefined && wanted.some((type) => isSame(type, given))
  }
}

function parseContentType(text: string): ContentType | undefined {
  const [essence = '', ...rest] = text.split(';')
  const [type = '', subtype = ''] = essence.trim().toLowerCase().split('/', 2)
  if (type === '' || subtype === '') return undefined
  const parameters = rest.flatMap((part) => {
    const equals = part.indexOf('=')
    if (equals === -1) return []
    const value = part.slice(equals + 1).trim()
    return [
      [
        part.slice(0, equals).trim().toLowerCase(),
        value.replaceAll(/^"|"$/g, '').toLowerCase(),
      ] as const,
    ]
  })
  return { type, subtype, parameters: new Map(parameters) }
}

function isSame(wanted: ContentType, given: ContentType): boolean {
  if (wanted.type !== '*' && wanted.type !== given.type) return false
  if (wanted.subtype !== '*' && wanted.subtype !== given.subtype) return false
  if (wanted.parameters.size !== given.parameters.size) return false
  return [...wanted.parameters].every(([name, value]) => given.parameters.get(name) === value)
}
