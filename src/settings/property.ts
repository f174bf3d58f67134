/** One property of `kong.conf`: what it may be, what it is by default and what it means. */
export type Property = StringProperty | NumberProperty | BooleanProperty | ListProperty

interface CommonProperty {
  /** A sentence or two for people; the reference page is made of these. */
  readonly description: string
  /** Accepted and shown so that existing files work, and without meaning here. */
  readonly hasNoEffect?: boolean
  /** Never shown: masked in `GET /`, and absent from messages. */
  readonly isSecret?: boolean
  /** Not one of Kong's. */
  readonly isOwn?: boolean
}

export interface StringProperty extends CommonProperty {
  readonly type: 'string'
  readonly default?: string
  readonly oneOf?: readonly string[]
  /** Accepted besides `oneOf` and left out of its messages, which are Kong's. */
  readonly alsoOneOf?: readonly string[]
}

export interface NumberProperty extends CommonProperty {
  readonly type: 'number'
  readonly default?: number
  readonly min?: number
  readonly max?: number
  /** Message for a number out of bounds. */
  readonly boundsMessage?: string
}

export interface BooleanProperty extends CommonProperty {
  readonly type: 'boolean'
  readonly default: boolean
}

export interface ListProperty extends CommonProperty {
  readonly type: 'array'
  readonly default: readonly string[]
}

export type PropertyTable = Readonly<Record<string, Property>>

/** The value a property has once it was read; an emptied string is `''`, an emptied list is empty. */
export type ValueOf<P extends Property> = P extends { readonly type: 'boolean' }
  ? boolean
  : P extends { readonly type: 'array' }
    ? readonly string[]
    : P extends { readonly type: 'number' }
      ? P extends { readonly default: number }
        ? number
        : number | undefined
      : P extends { readonly default: string }
        ? string
        : string | undefined

export type SettingValue = string | number | boolean | readonly string[] | undefined

const NO_EFFECT = 'Accepted so that existing files work; has no effect here.'

/** A property that only nginx, Lua or Kong's own build can give a meaning. */
export function accepted<const Default extends string | number | boolean | readonly string[]>(
  value: Default,
): {
  readonly type: TypeNameOf<Default>
  readonly default: Default
  readonly description: string
  readonly hasNoEffect: true
} {
  const type = Array.isArray(value) ? 'array' : typeof value
  return {
    type: type as TypeNameOf<Default>,
    default: value,
    description: NO_EFFECT,
    hasNoEffect: true,
  }
}

type TypeNameOf<Value> = Value extends string
  ? 'string'
  : Value extends number
    ? 'number'
    : Value extends boolean
      ? 'boolean'
      : 'array'

/** As {@link accepted}, for a property without a default. */
export const acceptedString = {
  type: 'string',
  description: NO_EFFECT,
  hasNoEffect: true,
} as const satisfies Property

export const acceptedNumber = {
  type: 'number',
  description: NO_EFFECT,
  hasNoEffect: true,
} as const satisfies Property
