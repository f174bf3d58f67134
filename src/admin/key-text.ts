/**
 * A key as error messages print it: members in order of their names, absent ones as `null`, e.g.
 * `{consumer=null,name="cors",service={id="…"}}`.
 */
export function keyText(value: unknown): string {
  if (typeof value === 'string') return `"${value}"`
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  if (typeof value !== 'object' || value === null) return 'null'
  const members = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1))
  return `{${members.map(([name, member]) => `${name}=${keyText(member)}`).join(',')}}`
}
