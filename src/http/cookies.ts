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
