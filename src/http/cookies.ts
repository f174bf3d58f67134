/**
 * Value of a cookie in a `Cookie` field; the first one of that name, compared without case as nginx
 * does. Quotes around the value stay.
 */
export function cookieValue(field: string, name: string): string | undefined {
  const wanted = name.toLowerCase()
  let at = 0
  while (at < field.length) {
    const semicolon = field.indexOf(';', at)
    const stop = semicolon === -1 ? field.length : semicolon
    const equals = field.indexOf('=', at)
    if (equals !== -1 && equals < stop && field.slice(at, equals).trim().toLowerCase() === wanted)
      return field.slice(equals + 1, stop).trim()
    at = stop + 1
  }
  return undefined
}

/** A `Cookie` field without the cookies of one name, compared as in {@link cookieValue}. */
export function withoutCookie(field: string, name: string): string {
  const wanted = name.toLowerCase()
  const parts = field.split(';')
  const kept = parts.filter((part) => {
    const equals = part.indexOf('=')
    return equals === -1 || part.slice(0, equals).trim().toLowerCase() !== wanted
  })
  return kept.length === parts.length ? field : kept.join(';').trim()
}
