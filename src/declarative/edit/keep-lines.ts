/**
 * Brings the changes between two texts into a third one that says the same as the first in another
 * layout, line by line: lines that did not change keep their layout, new ones are indented as those
 * around them.
 *
 * @param written as somebody wrote it
 * @param before the same in the layout of `after`
 * @returns nothing where the lines of `written` and `before` do not correspond
 */
export function keepLines(written: string, before: string, after: string): string | undefined {
  const own = written.split('\n')
  const old = before.split('\n')
  if (own.length !== old.length) return undefined
  const wanted = after.split('\n')
  const kept = commonLines(old, wanted)
  if (kept === undefined) return undefined
  const stay = new Set(kept.values())
  const lines: string[] = []
  let last = -1
  for (const [index, line] of wanted.entries()) {
    const from = kept.get(index)
    last = from ?? last
    // A line that goes tells how one like it in its place is indented.
    const goes = stay.has(last + 1) ? undefined : old[last + 1]
    const isAlike = goes !== undefined && depthOf(goes) === depthOf(line)
    const until = isAlike ? last + 1 : last
    lines.push(from === undefined ? indented(line, { own, old, until }) : own[from]!)
  }
  return lines.join('\n')
}

/** Indents a new line as the line it belongs to, or stands beside, is indented in the own layout. */
function indented(
  line: string,
  { own, old, until }: { own: readonly string[]; old: readonly string[]; until: number },
): string {
  const depth = indentOf(line)
  for (let index = Math.min(until, old.length - 1); index >= 0; index -= 1) {
    const other = old[index]!
    if (other.trim() === '' || depthOf(other) > depthOf(line)) continue
    const shift = indentOf(own[index]!) - indentOf(other)
    return shift >= 0 ? ' '.repeat(shift) + line : line.slice(Math.min(-shift, depth))
  }
  return line
}

/** An element of a list is deeper than a key with the same indent, whose list it is in. */
function depthOf(line: string): number {
  return 2 * indentOf(line) + (line.trimStart().startsWith('- ') ? 1 : 0)
}

function indentOf(line: string): number {
  return line.length - line.trimStart().length
}

/** So many differences are no longer worth telling apart. */
const MAX_DIFFERENCES = 2000

/**
 * Which lines of one text are lines of the other, in order.
 *
 * @returns positions in `a` by positions in `b`; nothing for texts that differ too much
 * @see Myers, An O(ND) Difference Algorithm and Its Variations (1986)
 */
export function commonLines(
  a: readonly string[],
  b: readonly string[],
): ReadonlyMap<number, number> | undefined {
  const furthest = new Map<number, number>([[1, 0]])
  const trail: ReadonlyMap<number, number>[] = []
  for (let steps = 0; steps <= MAX_DIFFERENCES; steps += 1) {
    trail.push(new Map(furthest))
    for (let diagonal = -steps; diagonal <= steps; diagonal += 2) {
      let x = startOf(furthest, diagonal, steps)
      while (x < a.length && x - diagonal < b.length && a[x] === b[x - diagonal]) x += 1
      furthest.set(diagonal, x)
      if (x >= a.length && x - diagonal >= b.length) return walkBack(trail, a.length, b.length)
    }
  }
  return undefined
}

function startOf(furthest: ReadonlyMap<number, number>, diagonal: number, steps: number): number {
  const [down, right] = [furthest.get(diagonal + 1) ?? -1, furthest.get(diagonal - 1) ?? -1]
  return diagonal === -steps || (diagonal !== steps && right < down) ? down : right + 1
}

function walkBack(
  trail: readonly ReadonlyMap<number, number>[],
  endX: number,
  endY: number,
): ReadonlyMap<number, number> {
  const kept = new Map<number, number>()
  let [x, y] = [endX, endY]
  for (let steps = trail.length - 1; steps >= 0; steps -= 1) {
    const diagonal = x - y
    const start = startOf(trail[steps]!, diagonal, steps)
    while (x > start && y > start - diagonal) {
      x -= 1
      y -= 1
      kept.set(y, x)
    }
    const [down, right] = [
      trail[steps]!.get(diagonal + 1) ?? -1,
      trail[steps]!.get(diagonal - 1) ?? -1,
    ]
    const cameDown = diagonal === -steps || (diagonal !== steps && right < down)
    x = cameDown ? down : right
    y = x - (cameDown ? diagonal + 1 : diagonal - 1)
  }
  return kept
}
