/**
 * Header field names the data plane treats specially, each with a small number, so that the codec
 * compares a name once while it reads it and every later question is a bit test.
 *
 * A table has at most 30 numbers: 1 to 30 fit the bits of one small integer. Names that are only ever
 * asked for together share one. 0 is any other valid name, {@link IGNORED} one that is not passed on.
 */
export const OTHER = 0
/** A name with bytes other than letters, digits, `-` and `_`; nginx's `ignore_invalid_headers`. */
export const IGNORED = 31

/** Lower-cases a byte of a field name; 0 for bytes no name may have. See RFC 9110 §5.6.2. */
export const NAME_BYTES = new Uint8Array(256)
/** 1 for bytes that are names' own everywhere: letters, digits, `-`, `_`. */
export const PLAIN_NAME_BYTES = new Uint8Array(256)
for (const character of "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") {
  const byte = character.charCodeAt(0)
  NAME_BYTES[byte] = byte
  if (/[a-z]/.test(character)) NAME_BYTES[byte - 32] = byte
}
for (let byte = 0; byte < 128; byte += 1)
  if (/[\w-]/.test(String.fromCharCode(byte))) PLAIN_NAME_BYTES[byte] = 1

/**
 * 1 for bytes a field value may hold. NUL, CR and LF are what ends a value for one parser or another;
 * other control bytes end none and pass, as in nginx.
 * @see RFC 9110 §5.5
 */
export const VALUE_BYTES = new Uint8Array(256).fill(1)
VALUE_BYTES[0] = 0
VALUE_BYTES[10] = 0
VALUE_BYTES[13] = 0

export interface FieldTable {
  /** Number of a name that lies in `bytes[start..end)` in any case, or {@link OTHER}. */
  find(bytes: Uint8Array, start: number, end: number): number
  /** Number of a lower-case name, or {@link OTHER}. */
  idOf(name: string): number
}

const SLOTS = 256

/** @param names lower-case names in the order of their numbers, from 1; `a|b`: two names, one number */
export function fieldTable(names: readonly string[]): FieldTable {
  const bySlot: { readonly id: number; readonly bytes: Uint8Array }[][] = []
  const ids = new Map<string, number>()
  for (const [index, group] of names.entries())
    for (const name of group.split('|')) {
      const bytes = Buffer.from(name, 'latin1')
      const slot = slotOf(bytes.length, bytes[0]!, bytes.at(-1)!)
      ;(bySlot[slot] ??= []).push({ id: index + 1, bytes })
      ids.set(name, index + 1)
    }
  for (let slot = 0; slot < SLOTS; slot += 1) bySlot[slot] ??= []

  return {
    find(bytes, start, end) {
      const length = end - start
      const slot = slotOf(length, NAME_BYTES[bytes[start]!]!, NAME_BYTES[bytes[end - 1]!]!)
      const candidates = bySlot[slot]!
      for (let index = 0; index < candidates.length; index += 1) {
        const candidate = candidates[index]!
        if (candidate.bytes.length === length && isSameName(candidate.bytes, bytes, start))
          return candidate.id
      }
      return OTHER
    },
    idOf: (name) => ids.get(name) ?? OTHER,
  }
}

function slotOf(length: number, first: number, last: number): number {
  return (length * 37 + first * 5 + last) & (SLOTS - 1)
}

function isSameName(name: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let index = 0; index < name.length; index += 1)
    if (NAME_BYTES[bytes[start + index]!] !== name[index]) return false
  return true
}
