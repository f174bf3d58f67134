/**
 * JSON with `{}` for every `[]`. Kong decoded what a function answered and lost the difference; some
 * clients have come to depend on that, so it is the default.
 *
 * @returns the same bytes where there is no empty list, and for what is no JSON
 */
export function emptyListsAsObjects(json: Buffer): Buffer {
  const text = json.toString()
  if (!/\[\s*\]/.test(text)) return json
  try {
    return Buffer.from(JSON.stringify(JSON.parse(text, withoutEmptyList)))
  } catch {
    return json
  }
}

function withoutEmptyList(_key: string, value: unknown): unknown {
  return Array.isArray(value) && value.length === 0 ? {} : value
}
