import type { JsonObject } from '../base/json.ts'
import type { Catalog } from '../entities/catalog.ts'
import { MESSAGES } from '../schema/rules.ts'
import type { Violation } from '../schema/violation.ts'
import type { DeclarativeFault } from './declarative.ts'
import type { EntityIndex } from './entity-index.ts'
import { hintFor, syntaxHint } from './hints.ts'
import type { Item } from './item.ts'
import type { KindTree } from './kind-tree.ts'
import type { DocumentReading } from './read-document.ts'
import type { Dangling } from './resolve-references.ts'
import { readYaml } from './yaml/compose.ts'
import { Places } from './yaml/places.ts'

/** Something wrong, with what is needed to say more about it. */
export interface Finding extends Violation {
  readonly item?: Item
  readonly dangling?: Dangling
}

/** What a document is judged against. */
export interface Surroundings {
  readonly document: Readonly<JsonObject>
  readonly text: string | undefined
  readonly catalog: Catalog
  readonly tree: KindTree
  readonly index: EntityIndex
}

/** More would not be read by anybody. */
const MOST_FAULTS = 1000
/** Nor would more guesses be worth their time. */
const MOST_HINTS = 100

/** Says where each finding is and what to do about it, in the order of the text. */
export function describeFaults(
  findings: readonly Finding[],
  surroundings: Surroundings,
): readonly DeclarativeFault[] {
  const locate = locator(surroundings.text)
  const faults = findings.slice(0, MOST_FAULTS).map((finding, at): DeclarativeFault => {
    const hint = at < MOST_HINTS ? hintFor(finding, surroundings) : undefined
    return {
      path: finding.path,
      message: finding.message,
      ...locate(finding),
      ...(hint !== undefined && { hint }),
    }
  })
  return faults.sort(byPlace)
}

function byPlace(a: DeclarativeFault, b: DeclarativeFault): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}

type Place = Pick<DeclarativeFault, 'line' | 'column'>

/** A text is read a second time to find places in it, so that the first time need not note any. */
export function locator(
  text: string | undefined,
): (finding: Pick<Finding, 'path' | 'message'>) => Place {
  if (text === undefined) return () => ({})
  const places = new Places()
  // JSON is YAML too.
  const reading = readYaml(text, places)
  if (!reading.ok) return () => ({})
  return ({ path, message }) => {
    const wanted = message === MESSAGES.unknown ? 'key' : 'value'
    const mark = places.find(reading.value, path, wanted)
    return mark === undefined ? {} : { line: mark.line + 1, column: mark.column + 1 }
  }
}

export function syntaxFault(reading: DocumentReading & { readonly ok: false }): DeclarativeFault {
  const { problem, line, column } = reading
  const hint = syntaxHint(problem)
  return {
    path: [],
    message: problem,
    ...(line !== undefined && { line }),
    ...(column !== undefined && { column }),
    ...(hint !== undefined && { hint }),
  }
}
