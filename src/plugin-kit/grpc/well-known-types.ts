import type protobuf from 'protobufjs'
import { scalarFromJson, scalarToJson } from './proto-scalars.ts'

/** A type of `google.protobuf` whose JSON is not that of its fields. */
interface WellKnownType {
  toJson(message: protobuf.Message, type: protobuf.Type): unknown
  fromJson(json: unknown, type: protobuf.Type, at: string): protobuf.Message
}

type Values = Readonly<Record<string, unknown>>

const valuesOf = (message: protobuf.Message): Values => message as unknown as Values

const wrapper = (scalar: string): WellKnownType => ({
  toJson: (message, type) =>
    scalarToJson(scalar, valuesOf(message)['value'] ?? type.fields['value']!.defaultValue),
  fromJson: (json, type, at) => type.create({ value: scalarFromJson(scalar, json, at) }),
})

const timestamp: WellKnownType = {
  toJson(message) {
    const { seconds = 0, nanos = 0 } = valuesOf(message)
    const date = new Date(Number(seconds) * 1000).toISOString().slice(0, -5)
    return `${date}${fraction(nanos as number)}Z`
  },
  fromJson(json, type, at) {
    const match =
      typeof json === 'string'
        ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)?$/i.exec(json)
        : null
    const ms = match === null ? Number.NaN : Date.parse(`${match[1]}${match[3] ?? 'Z'}`)
    if (Number.isNaN(ms))
      throw new TypeError(`Cannot encode "${at}": ${JSON.stringify(json)} is no time of RFC 3339`)
    return type.create({ seconds: ms / 1000, nanos: nanosOf(match![2]) })
  },
}

const duration: WellKnownType = {
  toJson(message) {
    const { seconds = 0, nanos = 0 } = valuesOf(message)
    const isNegative = Number(seconds) < 0 || (nanos as number) < 0
    const whole = Math.abs(Number(seconds))
    return `${isNegative ? '-' : ''}${whole}${fraction(Math.abs(nanos as number))}s`
  },
  fromJson(json, type, at) {
    const match = typeof json === 'string' ? /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/.exec(json) : null
    if (match === null)
      throw new TypeError(
        `Cannot encode "${at}": ${JSON.stringify(json)} is no duration like "1.5s"`,
      )
    const sign = match[1] === '-' ? -1 : 1
    return type.create({
      seconds: sign * Number(match[2]),
      nanos: sign * nanosOf(match[3]),
    })
  },
}

/** Nothing, or three, six or nine digits. */
function fraction(nanos: number): string {
  if (nanos === 0) return ''
  const digits = String(nanos).padStart(9, '0')
  return `.${digits.replace(/(?:000){1,2}$/, '')}`
}

function nanosOf(digits: string | undefined): number {
  return digits === undefined ? 0 : Number(digits.padEnd(9, '0'))
}

const fieldMask: WellKnownType = {
  toJson: (message) =>
    ((valuesOf(message)['paths'] ?? []) as readonly string[])
      .map((path) => path.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase()))
      .join(','),
  fromJson(json, type, at) {
    if (typeof json !== 'string') throw new TypeError(`Cannot encode "${at}": a text is wanted`)
    const paths = json.split(',').filter((path) => path !== '')
    return type.create({
      paths: paths.map((path) => path.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)),
    })
  },
}

/** By number: the names differ between the library's own copy of a type and the published file. */
function fieldOf(type: protobuf.Type, id: number): protobuf.Field {
  return type.fieldsById[id]!.resolve()
}

/** The type in which the field of another one is. */
function fieldType(type: protobuf.Type, id: number): protobuf.Type {
  return fieldOf(type, id).resolvedType as protobuf.Type
}

const struct: WellKnownType = {
  toJson(message, type) {
    const fields = (valuesOf(message)['fields'] ?? {}) as Readonly<Record<string, protobuf.Message>>
    const valueType = fieldType(type, 1)
    return Object.fromEntries(
      Object.entries(fields).map(([name, each]) => [name, value.toJson(each, valueType)]),
    )
  },
  fromJson(json, type, at) {
    if (typeof json !== 'object' || json === null || Array.isArray(json))
      throw new TypeError(`Cannot encode "${at}": an object is wanted`)
    const valueType = fieldType(type, 1)
    const fields = Object.entries(json).map(
      ([name, each]) => [name, value.fromJson(each, valueType, `${at}.${name}`)] as const,
    )
    return type.create({ fields: Object.fromEntries(fields) })
  },
}

const list: WellKnownType = {
  toJson(message, type) {
    const values = (valuesOf(message)['values'] ?? []) as readonly protobuf.Message[]
    return values.map((each) => value.toJson(each, fieldType(type, 1)))
  },
  fromJson(json, type, at) {
    if (!Array.isArray(json)) throw new TypeError(`Cannot encode "${at}": a list is wanted`)
    const valueType = fieldType(type, 1)
    return type.create({
      values: json.map((each, index) => value.fromJson(each, valueType, `${at}[${index}]`)),
    })
  },
}

/** Numbers of the fields of a `Value`. */
const NULL = 1
const STRUCT = 5
const LIST = 6
const SCALAR_KINDS: ReadonlyMap<string, number> = new Map([
  ['number', 2],
  ['string', 3],
  ['boolean', 4],
])

const value: WellKnownType = {
  toJson(message, type) {
    const kind = type.fieldsArray.find(({ name }) => Object.hasOwn(message, name))
    if (kind === undefined || kind.id === NULL) return null
    const held = valuesOf(message)[kind.name]
    if (kind.id === STRUCT) return struct.toJson(held as protobuf.Message, fieldType(type, STRUCT))
    if (kind.id === LIST) return list.toJson(held as protobuf.Message, fieldType(type, LIST))
    return held
  },
  fromJson(json, type, at) {
    const scalar = SCALAR_KINDS.get(typeof json)
    if (scalar !== undefined) return type.create({ [fieldOf(type, scalar).name]: json })
    if (json === null) return type.create({ [fieldOf(type, NULL).name]: 0 })
    const kind = Array.isArray(json) ? LIST : STRUCT
    const made = (kind === LIST ? list : struct).fromJson(json, fieldType(type, kind), at)
    return type.create({ [fieldOf(type, kind).name]: made })
  },
}

/** By full name, as protobufjs has it. See ProtoJSON, "Representation of each type". */
export const WELL_KNOWN: ReadonlyMap<string, WellKnownType> = new Map(
  Object.entries({
    Timestamp: timestamp,
    Duration: duration,
    FieldMask: fieldMask,
    Struct: struct,
    ListValue: list,
    Value: value,
    DoubleValue: wrapper('double'),
    FloatValue: wrapper('float'),
    Int64Value: wrapper('int64'),
    UInt64Value: wrapper('uint64'),
    Int32Value: wrapper('int32'),
    UInt32Value: wrapper('uint32'),
    BoolValue: wrapper('bool'),
    StringValue: wrapper('string'),
    BytesValue: wrapper('bytes'),
  }).map(([name, type]) => [`.google.protobuf.${name}`, type]),
)
