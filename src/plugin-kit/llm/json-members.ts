/**
 * Reads what lies at a path in a JSON value of a form nobody has promised.
 * @returns nothing where the path leaves the value, and for null
 */
export function memberAt(value: unknown, ...path: readonly (string | number)[]): unknown {
  let current = value
  for (const name of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name))
      return undefined
    current = (current as Readonly<Record<string | number, unknown>>)[name]
  }
  return current ?? undefined
}

export function textAt(value: unknown, ...path: readonly (string | number)[]): string | undefined {
  const found = memberAt(value, ...path)
  return typeof found === 'string' ? found : undefined
}

export function numberAt(
  value: unknown,
  ...path: readonly (string | number)[]
): number | undefined {
  const found = memberAt(value, ...path)
  return typeof found === 'number' ? found : undefined
}

/** @returns an empty list where there is none */
export function listAt(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = memberAt(value, ...path)
  return Array.isArray(found) ? found : []
}

/** Of two numbers; nothing when one is missing. */
export function sumOf(one: number | undefined, other: number | undefined): number | undefined {
  return one === undefined || other === undefined ? undefined : one + other
}
