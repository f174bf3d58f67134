import { BEYOND, isDisjoint, union, type Charset } from './charset.ts'

/** A part of a pattern, flattened: groups that only capture are not seen. */
export type Element =
  | { readonly kind: 'one'; readonly set: Charset; readonly literal: string | undefined }
  | { readonly kind: 'many'; readonly set: Charset; readonly isOptional: boolean }
  | { readonly kind: 'choice'; readonly options: readonly (readonly Element[])[] }
  | { readonly kind: 'end' }

/** How many combinations of choices a backtracking engine may have to try at one place. */
const MAX_CHOICES = 32

/**
 * Whether a backtracking engine needs time in proportion to the text's length at most.
 *
 * A repetition whose characters cannot begin what follows it gives nothing back that would match, so
 * it costs no more than its length. One repetition may be ambiguous, as `.*` before more; then each
 * repetition behind it must be cut off from the one before by a character that it cannot take:
 * otherwise each place where the first one stops would have the later one run over the same text.
 * Where the pattern may start anywhere, any repetition could run from every place.
 */
export function isLinear(elements: readonly Element[], isAnchored: boolean): boolean {
  let choices = 1
  let isAmbiguous = false
  let barrier: Charset[] = []
  for (const [index, element] of elements.entries()) {
    if (element.kind === 'one') barrier.push(element.set)
    if (element.kind === 'choice') {
      if (
        element.options.some((option) =>
          option.some(({ kind }) => kind === 'many' || kind === 'end'),
        )
      )
        return false
      choices *= choiceCount(element.options)
      if (choices > MAX_CHOICES) return false
    }
    if (element.kind !== 'many') continue
    if (!isAnchored) return false
    if (isAmbiguous && !barrier.some((set) => isDisjoint(set, element.set))) return false
    if (!isDisjoint(element.set, firstOf(elements, index + 1))) {
      if (isAmbiguous) return false
      isAmbiguous = true
    }
    barrier = []
  }
  return true
}

function choiceCount(options: readonly (readonly Element[])[]): number {
  let count = options.length
  for (const option of options)
    for (const element of option)
      if (element.kind === 'choice') count *= choiceCount(element.options)
  return count
}

const NOTHING: Charset = new Uint8Array(BEYOND + 1)

/** The characters that elements from a place on may begin with. */
function firstOf(elements: readonly Element[], from = 0): Charset {
  let set = NOTHING
  for (let at = from; at < elements.length; at += 1) {
    const element = elements[at]!
    if (element.kind === 'end') return set
    if (element.kind === 'choice') {
      for (const option of element.options) set = union(set, firstOf(option))
      if (!element.options.some(isNullable)) return set
    } else {
      set = union(set, element.set)
      if (element.kind === 'one' || !element.isOptional) return set
    }
  }
  return set
}

function isNullable(elements: readonly Element[]): boolean {
  return elements.every(
    (element) =>
      (element.kind === 'many' && element.isOptional) ||
      (element.kind === 'choice' && element.options.some(isNullable)),
  )
}
