/**
 * A search tree over lengths, three numbers a step: the length to try, the step after a hit, which
 * leads to longer ones, and the step after a miss, which leads to shorter ones; -1 ends the search.
 */
export type SearchPlan = readonly number[]

/** Steps by the lengths of texts, such that frequent lengths are tried early. Empty texts do not count. */
export function searchPlan(texts: Iterable<string>): SearchPlan {
  const counts = new Map<number, number>()
  for (const { length } of texts) if (length > 0) counts.set(length, (counts.get(length) ?? 0) + 1)
  const weights = [...counts].sort(([a], [b]) => a - b)
  const plan: number[] = []
  addSteps(plan, weights)
  return plan
}

/** @returns the step at which the search among these lengths begins */
function addSteps(plan: number[], weights: readonly (readonly [number, number])[]): number {
  if (weights.length === 0) return -1
  const middle = weightedMiddle(weights)
  const step = plan.push(weights[middle]![0], -1, -1) - 3
  plan[step + 1] = addSteps(plan, weights.slice(middle + 1))
  plan[step + 2] = addSteps(plan, weights.slice(0, middle))
  return step
}

function weightedMiddle(weights: readonly (readonly [number, number])[]): number {
  const total = weights.reduce((sum, [, weight]) => sum + weight, 0)
  let before = 0
  for (const [index, [, weight]] of weights.entries()) {
    before += weight
    if (before * 2 >= total) return index
  }
  return weights.length - 1
}

/** All lengths of a plan, descending. */
export function lengthsOf(plan: SearchPlan): readonly number[] {
  return plan.filter((_, at) => at % 3 === 0).sort((a, b) => b - a)
}

/** The shorter lengths that the search for a length tries on its way. */
export function shorterSteps(plan: SearchPlan, wanted: number): readonly number[] {
  const shorter: number[] = []
  for (let step = 0; plan[step] !== wanted;) {
    const length = plan[step]!
    if (length < wanted) shorter.push(length)
    step = plan[step + (length < wanted ? 1 : 2)]!
  }
  return shorter
}
