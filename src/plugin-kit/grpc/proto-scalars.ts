interface ScalarType {
  toJson(value: unknown): unknown
  /** @returns the value as protobufjs encodes it; nothing when it does not fit */
  fromJson(json: unknown): unknown
}

function integer(least: number, most: number): ScalarType {
  return {
    toJson: (value) => value,
    fromJson(json) {
      const number = numberOf(json)
      return Number.isInteger(number) && number! >= least && number! <= most ? number : undefined
    },
  }
}

/** Numbers as far as JSON readers take them whole, beyond that strings. */
function longInteger(least: bigint, most: bigint): ScalarType {
  return {
    toJson(value) {
      const exact = BigInt(String(value))
      const number = Number(exact)
      return Number.isSafeInteger(number) ? number : String(exact)
    },
    fromJson(json) {
      const isWhole =
        typeof json === 'number' ? Number.isInteger(json) : /^-?\d{1,20}$/.test(String(json))
      if (!isWhole || typeof json === 'boolean') return undefined
      const exact = BigInt(json as string | number)
      if (exact < least || exact > most) return undefined
      return String(exact)
    },
  }
}

const NOT_NUMBERS: ReadonlyMap<string, number> = new Map([
  ['NaN', Number.NaN],
  ['Infinity', Infinity],
  ['-Infinity', -Infinity],
])

function float(shortest: (value: number) => number): ScalarType {
  return {
    toJson: (value) => (Number.isFinite(value) ? shortest(value as number) : String(value)),
    fromJson: (json) => NOT_NUMBERS.get(json as string) ?? numberOf(json),
  }
}

/** The shortest digits that stand for the same value of 32 bits. */
function shortestFloat(value: number): number {
  for (const digits of [6, 7, 8]) {
    const rounded = Number(value.toPrecision(digits))
    if (Math.fround(rounded) === value) return rounded
  }
  return Number(value.toPrecision(9))
}

function numberOf(json: unknown): number | undefined {
  if (typeof json === 'number') return json
  if (typeof json !== 'string' || json.trim() === '') return undefined
  const number = Number(json)
  return Number.isFinite(number) ? number : undefined
}

const INT32 = integer(-(2 ** 31), 2 ** 31 - 1)
const UINT32 = integer(0, 2 ** 32 - 1)
const INT64 = longInteger(-(2n ** 63n), 2n ** 63n - 1n)
const UINT64 = longInteger(0n, 2n ** 64n - 1n)

const SCALARS: ReadonlyMap<string, ScalarType> = new Map<string, ScalarType>([
  ['double', float((value) => value)],
  ['float', float(shortestFloat)],
  ['int32', INT32],
  ['sint32', INT32],
  ['sfixed32', INT32],
  ['uint32', UINT32],
  ['fixed32', UINT32],
  ['int64', INT64],
  ['sint64', INT64],
  ['sfixed64', INT64],
  ['uint64', UINT64],
  ['fixed64', UINT64],
  [
    'bool',
    {
      toJson: (value) => value,
      fromJson: (json) =>
        typeof json === 'string' ? json !== '0' && json !== 'false' : boolOf(json),
    },
  ],
  [
    'string',
    {
      toJson: (value) => value,
      // A bare name in a query is an empty text.
      fromJson: (json) => (json === true ? '' : typeof json === 'string' ? json : textOf(json)),
    },
  ],
  [
    'bytes',
    {
      toJson: (value) => Buffer.from(value as Uint8Array).toString('base64'),
      fromJson: (json) =>
        typeof json === 'string' && /^[\w+/-]*={0,2}$/.test(json)
          ? Buffer.from(json, 'base64')
          : undefined,
    },
  ],
])

function boolOf(json: unknown): boolean | undefined {
  return typeof json === 'boolean' ? json : undefined
}

function textOf(json: unknown): string | undefined {
  return typeof json === 'number' ? String(json) : undefined
}

export function isJsonScalarType(type: string): boolean {
  return SCALARS.has(type)
}

export function scalarToJson(type: string, value: unknown): unknown {
  return SCALARS.get(type)!.toJson(value)
}

/** @throws {TypeError} naming the place of a value that does not fit */
export function scalarFromJson(type: string, json: unknown, at: string): unknown {
  const value = SCALARS.get(type)!.fromJson(json)
  if (value !== undefined) return value
  throw new TypeError(`Cannot encode "${at}": ${JSON.stringify(json)} is no ${type}`)
}
