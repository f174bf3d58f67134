const CLOCK = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`

/**
 * The form of today and that of RFC 850, both after a comma, and that of C's asctime. What follows a
 * date does not matter, because its time zone is always GMT.
 */
const FORMS = [
  String.raw`^[^, ]*, *(?<day>\d\d) (?<month>[JFMASOND]..) (?<year>\d{4}) ${CLOCK}`,
  String.raw`^[^, ]*, *(?<day>\d\d)-(?<month>[JFMASOND]..)-(?<year>\d\d) ${CLOCK}`,
  String.raw`^[^, ]* +(?<month>[JFMASOND]..) {1,2}(?<day>\d\d?) ${CLOCK} (?<year>\d{4})`,
].map((form) => new RegExp(form, 's'))

/**
 * Reads an HTTP date as nginx does: `Date.parse` would take much that is none, and clients send more
 * than the standard allows, such as `+0000` for `GMT`.
 *
 * @returns Unix time in seconds; `undefined` for what is not a date
 * @see RFC 9110 §5.6.7
 */
export function parseHttpDate(text: string): number | undefined {
  for (const form of FORMS) {
    const parts = form.exec(text)?.groups
    if (parts !== undefined) return secondsOf(parts)
  }
  return undefined
}

function secondsOf(parts: Readonly<Record<string, string | undefined>>): number | undefined {
  const number = (name: string): number => Number(parts[name])
  const [day, hour, minute, second] = [
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
  ]
  if (day === 0 || hour > 23 || minute > 59 || second > 59) return undefined
  const year = fullYear(parts['year']!)
  const date = new Date(Date.UTC(year, monthOf(parts['month']!), day, hour, minute, second))
  return date.getUTCDate() === day ? date.getTime() / 1000 : undefined
}

/** Of two digits: the century that Unix time began in, or the next one. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length === 4) return year
  return year < 70 ? 2000 + year : 1900 + year
}

const MONTH_BY_INITIAL: Readonly<Record<string, number>> = { F: 1, S: 8, O: 9, N: 10, D: 11 }

/** Looks only at the letters that tell a month from the others. */
function monthOf([first = '', second, third]: string): number {
  if (first === 'J' && second === 'a') return 0
  if (first === 'J') return third === 'n' ? 5 : 6
  if (first === 'M') return third === 'r' ? 2 : 4
  if (first === 'A') return second === 'p' ? 3 : 7
  return MONTH_BY_INITIAL[first]!
}
