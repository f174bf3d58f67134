import { toBytes } from '../byte-text.ts'
import type { HostPattern } from '../host.ts'
import { compilePattern } from '../pattern.ts'
import type { Expression, Predicate } from './syntax-tree.ts'

/** Under what the index finds an expression: it holds only for requests that fit one of each. */
export interface IndexKeys {
  /** Absent: for any host. */
  readonly hosts: readonly HostPattern[] | undefined
  /** Absent: for any path. */
  readonly prefixes: readonly string[] | undefined
}

export function indexKeys(expression: Expression): IndexKeys {
  return {
    hosts: necessary(expression, hostKey),
    prefixes: necessary(expression, prefixKey),
  }
}

/** Keys of which each request for which the expression holds has one. */
function necessary<Key>(
  expression: Expression,
  keyOf: (predicate: Predicate) => Key | undefined,
): readonly Key[] | undefined {
  switch (expression.kind) {
    case 'predicate': {
      const key = keyOf(expression)
      return key === undefined ? undefined : [key]
    }
    case 'not':
      return undefined
    case 'or': {
      const left = necessary(expression.left, keyOf)
      const right = necessary(expression.right, keyOf)
      return left === undefined || right === undefined ? undefined : [...left, ...right]
    }
    case 'and': {
      const left = necessary(expression.left, keyOf)
      const right = necessary(expression.right, keyOf)
      if (left === undefined || right === undefined) return left ?? right
      return right.length < left.length ? right : left
    }
  }
}

function hostKey({ field, isLowered, operator, value }: Predicate): HostPattern | undefined {
  if (field !== 'http.host' || isLowered || value.kind !== 'text') return undefined
  const kind = HOST_KINDS.get(operator)
  if (kind === undefined) return undefined
  return { kind, text: toBytes(value.text), port: undefined }
}

const HOST_KINDS: ReadonlyMap<string, HostPattern['kind']> = new Map([
  ['==', 'exact'],
  ['=^', 'suffix'],
  ['^=', 'prefix'],
])

function prefixKey({ field, isLowered, operator, value }: Predicate): string | undefined {
  if (field !== 'http.path' || isLowered || value.kind !== 'text') return undefined
  if (operator === '==' || operator === '^=') return toBytes(value.text)
  if (operator !== '~') return undefined
  const { prefix } = compilePattern(value.text, { isAnchored: false })
  return prefix === '' ? undefined : prefix
}
