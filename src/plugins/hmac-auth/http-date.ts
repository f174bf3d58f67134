const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const CLOCK = String.raw`(?<hour>\d\d):(?<minute>\d\d):(?<second>\d\d)`

/** The form of today, that of RFC 850 and that of C's asctime, all of which a reader must accept. */
const FORMS = [
  String.raw`\w{3}, (?<day>\d\d) (?<month>\w{3}) (?<year>\d{4}) ${CLOCK} GMT`,
  String.raw`\w{6,9}, (?<day>\d\d)-(?<month>\w{3})-(?<year>\d\d) ${CLOCK} GMT`,
  String.raw`\w{3} (?<month>\w{3}) (?<day>[ \d]\d) ${CLOCK} (?<year>\d{4})`,
].map((form) => new RegExp(`^${form}$`))

/**
 * Reads an HTTP date. `Date.parse` would take much that is none.
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
  const month = MONTHS.indexOf(parts['month']!)
  if (month === -1) return undefined
  const [day, hour, minute, second] = [
    number('day'),
    number('hour'),
    number('minute'),
    number('second'),
  ]
  if (hour > 23 || minute > 59 || second > 60) return undefined
  const date = new Date(Date.UTC(fullYear(parts['year']!), month, day, hour, minute, second))
  return date.getUTCDate() === day || second === 60 ? date.getTime() / 1000 : undefined
}

/** Of two digits: the century that Unix time began in, or the next one. */
function fullYear(digits: string): number {
  const year = Number(digits)
  if (digits.length === 4) return year
  return year < 70 ? 2000 + year : 1900 + year
}
