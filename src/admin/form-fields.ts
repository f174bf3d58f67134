import type { JsonObject } from '../base/json.ts'
import { isJsonObject } from '../base/json.ts'

/**
 * Builds an object from form fields whose names say where a value goes: `a.b` and `a[b]` go into
 * objects, `a[]` and repeated names into lists, `a[1]` to a place of a list. What stands in brackets
 * is one name, dots and all.
 *
 * @returns objects without prototypes, since their names are a client's; places of lists stay
 * numbered members, as only the schema knows whether they are meant as such
 */
export function nestFields(pairs: Iterable<readonly [name: string, value: string]>): JsonObject {
  const root = newObject()
  for (const [name, value] of pairs) {
    const steps = stepsOf(name)
    const last = steps.pop()!
    let place: Place = root
    for (const [at, step] of steps.entries()) place = descend(place, step, steps[at + 1] ?? last)
    set(place, last, value)
  }
  return root
}

/** A member's name, or `append` for the next place of a list. */
type Step = string | typeof APPEND
type Place = JsonObject | unknown[]
const APPEND = Symbol('append')

const NAME = /^[^[\].]+(?:\.[^[\].]+|\[[^[\]]*\])*$/
const STEP = /\.?([^[\].]+)|\[([^[\]]*)\]/g
/** Deeper names are taken as one, as no schema goes so deep. */
const MAX_DEPTH = 32

function stepsOf(name: string): Step[] {
  if (!NAME.test(name)) return [name]
  const steps = [...name.matchAll(STEP)].map(
    ([, member, bracket]): Step => member ?? (bracket === '' ? APPEND : bracket!),
  )
  return steps.length > MAX_DEPTH ? [name] : steps
}

function descend(place: Place, step: Step, next: Step): Place {
  const known = step === APPEND ? undefined : member(place, step)
  if (Array.isArray(known) || isJsonObject(known)) return known
  const made: Place = next === APPEND ? [] : newObject()
  put(place, step, made)
  return made
}

function set(place: Place, step: Step, value: string): void {
  const known = step === APPEND ? undefined : member(place, step)
  if (Array.isArray(known)) known.push(value)
  else put(place, step, known === undefined ? value : [known, value])
}

function member(place: Place, step: string): unknown {
  return Array.isArray(place) ? undefined : place[step]
}

function put(place: Place, step: Step, value: unknown): void {
  if (Array.isArray(place)) place.push(value)
  else if (step === APPEND) place[String(Object.keys(place).length + 1)] = value
  else place[step] = value
}

function newObject(): JsonObject {
  return Object.create(null) as JsonObject
}
