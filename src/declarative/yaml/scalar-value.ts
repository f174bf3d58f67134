/**
 * What a scalar without quotes is, by its letters: YAML 1.1 as LibYAML's Lua binding reads it,
 * where `on`, `off`, `yes` and `no` are booleans, `012` is octal, `1e3` and `1:30` are numbers, and
 * `y`, `n` and dates are texts.
 */
export function scalarValue(text: string): unknown {
  const first = text.charCodeAt(0)
  // Most scalars begin with a letter that begins nothing special.
  if (first < 128 && IS_SPECIAL_START[first] === 0) return text
  if (WORDS.has(text)) return WORDS.get(text)
  return NUMBER_START.test(text) ? (numberValue(text) ?? text) : text
}

const WORDS = new Map<string, unknown>([
  ['', null],
  ...['~', 'null', 'Null', 'NULL'].map((word): [string, unknown] => [word, null]),
  ...['true', 'True', 'TRUE', 'yes', 'Yes', 'YES', 'on', 'On', 'ON'].map(
    (word): [string, unknown] => [word, true],
  ),
  ...['false', 'False', 'FALSE', 'no', 'No', 'NO', 'off', 'Off', 'OFF'].map(
    (word): [string, unknown] => [word, false],
  ),
  ...['.inf', '.Inf', '.INF', '+.inf', '+.Inf', '+.INF'].map((word): [string, unknown] => [
    word,
    Number.POSITIVE_INFINITY,
  ]),
  ...['-.inf', '-.Inf', '-.INF'].map((word): [string, unknown] => [word, Number.NEGATIVE_INFINITY]),
  ...['.nan', '.NaN', '.NAN'].map((word): [string, unknown] => [word, Number.NaN]),
])

const NUMBER_START = /^[+-]?\.?\d/

const IS_SPECIAL_START = new Uint8Array(128)
for (const letter of '~nNtTyYoOfF.+-0123456789') IS_SPECIAL_START[letter.charCodeAt(0)] = 1

/** @returns `undefined` when the text is no number after all */
function numberValue(text: string): number | undefined {
  const sign = text.startsWith('-') ? -1 : 1
  const digits = text.replace(/^[+-]/, '').replaceAll('_', '')
  const unsigned = unsignedValue(digits, text)
  return unsigned === undefined || Number.isNaN(unsigned) ? undefined : sign * unsigned
}

function unsignedValue(digits: string, written: string): number | undefined {
  if (/^0[0-7]+$/.test(digits)) return Number.parseInt(digits, 8)
  if (/^\d+$/.test(digits)) return Number(digits)
  if (/^(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(digits)) return Number(digits)
  if (/^0x[\da-fA-F]+$/.test(digits)) return Number(digits)
  if (/^0b[01]+$/.test(digits)) return Number(digits)
  // Underscores are not for times.
  if (!written.includes('_') && /^\d+(?::[0-5]?\d)+(?:\.\d+)?$/.test(digits))
    return sexagesimal(digits)
  return undefined
}

/** Hours, minutes and seconds, or degrees: each part counts sixty of the next. */
function sexagesimal(text: string): number {
  return text.split(':').reduce((sum, part) => sum * 60 + Number(part), 0)
}

const CORE = 'tag:yaml.org,2002:'

/**
 * The value of a scalar with a tag. Tags of an application mean nothing here, and leave the scalar
 * as it is.
 *
 * @returns `undefined` when the text is none of the tag's
 */
export function taggedValue(tag: string, text: string, isPlain: boolean): unknown {
  switch (tag) {
    case `${CORE}str`:
      return text
    case `${CORE}null`:
      return text === '' || WORDS.get(text) === null ? null : undefined
    case `${CORE}bool`:
      return booleanOf(text)
    case `${CORE}int`:
    case `${CORE}float`:
      return numberOf(text)
    case `${CORE}binary`:
      return Buffer.from(text, 'base64').toString()
    default:
      return isPlain ? scalarValue(text) : text
  }
}

function booleanOf(text: string): boolean | undefined {
  const value = WORDS.get(text)
  return typeof value === 'boolean' ? value : undefined
}

function numberOf(text: string): number | undefined {
  const value = scalarValue(text)
  return typeof value === 'number' ? value : undefined
}
