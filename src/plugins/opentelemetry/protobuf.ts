/** A field of a message, encoded. Fields of a message stand one after the other, in any order. */
export type Bytes = Buffer

const VARINT = 0
const FIXED64 = 1
const LENGTH = 2
const FIXED32 = 5

/** @see https://protobuf.dev/programming-guides/encoding/ */
export function message(number: number, ...fields: readonly Bytes[]): Bytes {
  return lengthPrefixed(number, fields)
}

export function text(number: number, value: string): Bytes {
  return lengthPrefixed(number, [Buffer.from(value)])
}

/** @param hexDigits an even number of them */
export function hexBytes(number: number, hexDigits: string): Bytes {
  return lengthPrefixed(number, [Buffer.from(hexDigits, 'hex')])
}

/** @param value a whole number of at least 0 */
export function integer(number: number, value: number): Bytes {
  return Buffer.from([...varint(tag(number, VARINT)), ...varint(value)])
}

export function boolean(number: number, value: boolean): Bytes {
  return integer(number, value ? 1 : 0)
}

export function double(number: number, value: number): Bytes {
  const bytes = Buffer.alloc(9)
  bytes[0] = tag(number, FIXED64)
  bytes.writeDoubleLE(value, 1)
  return bytes
}

/** @param number below 16, as all are that have this type */
export function fixed64(number: number, value: bigint): Bytes {
  const bytes = Buffer.alloc(9)
  bytes[0] = tag(number, FIXED64)
  bytes.writeBigUInt64LE(value, 1)
  return bytes
}

export function fixed32(number: number, value: number): Bytes {
  const bytes = Buffer.alloc(5)
  bytes[0] = tag(number, FIXED32)
  bytes.writeUInt32LE(value, 1)
  return bytes
}

function lengthPrefixed(number: number, parts: readonly Bytes[]): Bytes {
  const length = parts.reduce((sum, part) => sum + part.length, 0)
  const head = Buffer.from([...varint(tag(number, LENGTH)), ...varint(length)])
  return Buffer.concat([head, ...parts])
}

function tag(number: number, wireType: number): number {
  return number * 8 + wireType
}

/** Seven bits a byte, the lowest first; the top bit says that more follow. */
function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  for (; rest > 0x7f; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80)
  bytes.push(rest)
  return bytes
}
