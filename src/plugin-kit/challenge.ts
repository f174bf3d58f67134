import { toByteString } from '../base/buffer-slices.ts'

/**
 * Value of a `WWW-Authenticate` field: a scheme, and parameters that have a value.
 *
 * Kong 3.9 forgot the comma between two parameters; we write it, since clients that follow the
 * grammar cannot read the field without it.
 *
 * @see RFC 9110 §11.6.1
 */
export function challenge(
  scheme: string,
  parameters: Readonly<Record<string, string | undefined>> = {},
): string {
  const written = Object.entries(parameters).flatMap(([name, value]) =>
    value === undefined ? [] : [`${name}=${quoted(value)}`],
  )
  return written.length === 0 ? scheme : `${scheme} ${written.join(', ')}`
}

/** A quoted-string of UTF-8 bytes; a control character, which could end the header line, becomes a space. */
function quoted(text: string): string {
  const printable = toByteString(text).replaceAll(/[\0-\u{1f}\u{7f}]/gu, ' ')
  return `"${printable.replaceAll(/["\\]/g, String.raw`\$&`)}"`
}
