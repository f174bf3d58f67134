/**
 * The known word somebody most likely meant: the one with the fewest letters to change, put in,
 * leave out or swap with their neighbour.
 *
 * @returns nothing when even the closest differs in more than a third of its letters
 */
export function closestWord(word: string, known: Iterable<string>): string | undefined {
  let closest: string | undefined
  let least = Infinity
  for (const candidate of known) {
    const limit = Math.max(1, Math.floor(Math.max(word.length, candidate.length) / 3))
    if (Math.abs(word.length - candidate.length) > limit) continue
    const distance = wordDistance(word, candidate)
    if (distance <= limit && distance < least) [closest, least] = [candidate, distance]
  }
  return closest
}

/** Optimal string alignment distance: Levenshtein's with swapped neighbours counted once. */
function wordDistance(left: string, right: string): number {
  let before: number[] = []
  let row = Array.from({ length: right.length + 1 }, (_, index) => index)
  for (let i = 1; i <= left.length; i += 1) {
    const next = [i]
    for (let j = 1; j <= right.length; j += 1) {
      const change = row[j - 1]! + (left[i - 1] === right[j - 1] ? 0 : 1)
      let least = Math.min(change, row[j]! + 1, next[j - 1]! + 1)
      if (i > 1 && j > 1 && left[i - 1] === right[j - 2] && left[i - 2] === right[j - 1])
        least = Math.min(least, before[j - 2]! + 1)
      next.push(least)
    }
    before = row
    row = next
  }
  return row[right.length]!
}
