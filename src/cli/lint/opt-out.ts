/**
 * Whether a comment says that something is meant: `lint-ok: open-route`, several codes with commas,
 * on the line above an entity, on its first or on the one after; the latter suits `_comment` in JSON.
 *
 * @param line of the entity, 1-based
 */
export function isAllowedAt(lines: readonly string[], line: number, code: string): boolean {
  return [line - 1, line, line + 1].some((at) => {
    const text = lines[at - 1] ?? ''
    const isNeighbour = at !== line
    // What stands behind another entity on a line of its own is about that one.
    if (isNeighbour && !/^\s*(?:#|"?_comment"?\s*:)/.test(text)) return false
    const codes = /lint-ok:\s*([\w-]+(?:\s*,\s*[\w-]+)*)/.exec(text)?.[1]
    return codes !== undefined && codes.split(/\s*,\s*/).includes(code)
  })
}
