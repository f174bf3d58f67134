import type protobuf from 'protobufjs'
import { isJsonScalarType, scalarFromJson, scalarToJson } from './proto-scalars.ts'
import { WELL_KNOWN } from './well-known-types.ts'

/** A message of any type the .proto file knows, beside the name of its type. */
const ANY = '.google.protobuf.Any'

/**
 * A message as JSON: names as in the .proto file, enums by name, fields without presence always there
 * unless they are lists, well-known types in their own forms.
 * @see Kong's form of it, which is not that of ProtoJSON in names and defaults
 */
export function messageToJson(type: protobuf.Type, message: protobuf.Message): unknown {
  if (type.fullName === ANY) return anyToJson(type, message)
  const known = WELL_KNOWN.get(type.fullName)
  if (known !== undefined) return known.toJson(message, type)
  const json: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    const value = (message as unknown as Record<string, unknown>)[field.name]
    const isList = field.repeated || field.map
    if (Object.hasOwn(message, field.name) && !(isList && isEmptyList(value)))
      json[field.name] = fieldToJson(field.resolve(), value)
    else if (hasDefault(field)) json[field.name] = fieldToJson(field, field.defaultValue)
  }
  return json
}

function isEmptyList(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length === 0
}

/** A scalar that is not there stands for its default, unless being there means something. */
function hasDefault(field: protobuf.Field): boolean {
  const isScalar = field.resolve().resolvedType === null || isEnum(field.resolvedType)
  return isScalar && !field.repeated && !field.map && !field.hasPresence && field.partOf === null
}

type Resolved = protobuf.Field['resolvedType']

function isEnum(type: Resolved): type is protobuf.Enum {
  return type !== null && 'valuesById' in type
}

function isMessage(type: Resolved): type is protobuf.Type {
  return type !== null && 'fieldsArray' in type
}

function fieldToJson(field: protobuf.Field, value: unknown): unknown {
  if (field.map)
    return Object.fromEntries(
      Object.entries(value as object).map(([key, each]) => [key, valueToJson(field, each)]),
    )
  if (field.repeated) return (value as readonly unknown[]).map((each) => valueToJson(field, each))
  return valueToJson(field, value)
}

function valueToJson({ resolvedType, type }: protobuf.Field, value: unknown): unknown {
  if (isMessage(resolvedType)) return messageToJson(resolvedType, value as protobuf.Message)
  if (isEnum(resolvedType)) return resolvedType.valuesById[value as number] ?? value
  return scalarToJson(type, value)
}

/**
 * The message that JSON stands for. Names are taken as in the .proto file and in camel case; fields
 * the message does not have are left out. Scalars may be written as strings, as queries have them.
 * @throws {TypeError} naming the field whose value does not fit
 */
export function jsonToMessage(type: protobuf.Type, json: unknown, at = ''): protobuf.Message {
  if (type.fullName === ANY) return anyFromJson(type, json, at)
  const known = WELL_KNOWN.get(type.fullName)
  if (known !== undefined) return known.fromJson(json, type, at)
  const given = objectOf(json, at)
  const message: Record<string, unknown> = {}
  for (const field of type.fieldsArray) {
    const name = Object.hasOwn(given, field.name) ? field.name : field.resolve().jsonName
    if (!Object.hasOwn(given, name)) continue
    const place = at === '' ? name : `${at}.${name}`
    const value = fieldFromJson(field.resolve(), given[name], place)
    if (value !== undefined) message[field.name] = value
  }
  return type.create(message)
}

function objectOf(json: unknown, at: string): Readonly<Record<string, unknown>> {
  if (typeof json === 'object' && json !== null && !Array.isArray(json))
    return json as Readonly<Record<string, unknown>>
  throw new TypeError(`Cannot encode "${at}": an object is wanted`)
}

/** Null leaves a field out, but for the type that can hold it. */
function isNullable({ resolvedType }: protobuf.Field): boolean {
  return resolvedType?.fullName === '.google.protobuf.Value'
}

/** @returns nothing for a field that is left out */
function fieldFromJson(field: protobuf.Field, value: unknown, at: string): unknown {
  if (value === null && !isNullable(field)) return undefined
  if (field.map)
    return Object.fromEntries(
      Object.entries(objectOf(value, at)).map(([key, each]) => [
        key,
        valueFromJson(field, each, `${at}.${key}`),
      ]),
    )
  if (!field.repeated) return valueFromJson(field, value, at)
  // A query says a list of one as it says a value.
  const list = typeof value === 'string' || value === true ? [value] : value
  if (!Array.isArray(list)) throw new TypeError(`Cannot encode "${at}": a list is wanted`)
  return list.map((each, index) => valueFromJson(field, each, `${at}[${index}]`))
}

function valueFromJson(
  { resolvedType, type }: protobuf.Field,
  value: unknown,
  at: string,
): unknown {
  if (isMessage(resolvedType)) return jsonToMessage(resolvedType, value, at)
  if (isEnum(resolvedType)) return enumFromJson(resolvedType, value, at)
  if (!isJsonScalarType(type)) throw new TypeError(`Cannot encode "${at}": type ${type} is unknown`)
  return scalarFromJson(type, value, at)
}

function enumFromJson(type: protobuf.Enum, value: unknown, at: string): number {
  if (typeof value === 'string' && Object.hasOwn(type.values, value)) return type.values[value]!
  const number = typeof value === 'string' && value !== '' ? Number(value) : value
  if (Number.isInteger(number)) return number as number
  throw new TypeError(`Cannot encode "${at}": "${type.name}" has no value ${JSON.stringify(value)}`)
}

function anyToJson(type: protobuf.Type, message: protobuf.Message): unknown {
  const { type_url: url = '', value } = message as { type_url?: string; value?: Uint8Array }
  if (value === undefined) return {}
  const held = heldType(type, url)
  const json = messageToJson(held, held.decode(value))
  return isOwnForm(held) ? { '@type': url, value: json } : { '@type': url, ...(json as object) }
}

function anyFromJson(type: protobuf.Type, json: unknown, at: string): protobuf.Message {
  const given = (json ?? {}) as Readonly<Record<string, unknown>>
  const url = given['@type']
  if (typeof url !== 'string') throw new TypeError(`Cannot encode "${at}": "@type" is missing`)
  const held = heldType(type, url)
  const message = jsonToMessage(held, isOwnForm(held) ? given['value'] : given, at)
  return type.create({ type_url: url, value: held.encode(message).finish() })
}

/** Its JSON has no place of its own for the name of the type. */
function isOwnForm({ fullName }: protobuf.Type): boolean {
  return fullName === ANY || WELL_KNOWN.has(fullName)
}

function heldType(any: protobuf.Type, url: string): protobuf.Type {
  return any.root.lookupType(url.slice(url.lastIndexOf('/') + 1))
}
