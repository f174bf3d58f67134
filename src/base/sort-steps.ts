import type { Steps } from './steps.ts'

/** Sorting so many at once takes a small part of a millisecond. */
const TEXTS_IN_A_STEP = 500

/**
 * Very many texts in ascending order of their code units, as `sort()` has them: short runs are
 * sorted first, and then merged two by two.
 */
export function* sortSteps(texts: readonly string[]): Steps<string[]> {
  let runs: string[][] = []
  for (let at = 0; at < texts.length; at += TEXTS_IN_A_STEP) {
    runs.push(texts.slice(at, at + TEXTS_IN_A_STEP).sort())
    yield
  }
  while (runs.length > 1) {
    const merged: string[][] = []
    for (let at = 0; at < runs.length; at += 2)
      merged.push(yield* mergeSteps(runs[at]!, runs[at + 1] ?? []))
    runs = merged
  }
  return runs[0] ?? []
}

function* mergeSteps(one: readonly string[], other: readonly string[]): Steps<string[]> {
  const merged: string[] = []
  let [first, second] = [0, 0]
  while (first < one.length || second < other.length) {
    const isFirst = second === other.length || (first < one.length && one[first]! <= other[second]!)
    merged.push(isFirst ? one[first++]! : other[second++]!)
    if (merged.length % TEXTS_IN_A_STEP === 0) yield
  }
  return merged
}
