import type { JsonObject } from '../base/json.ts'
import { isFilled, mutuallyRequired } from '../schema/entity-checks.ts'
import { valueAt } from '../schema/record-spec.ts'
import type { Parsed, Violation } from '../schema/violation.ts'
import type { ParseOptions } from './catalog.ts'
import type { Entity, Transformation } from './entity.ts'

export interface TransformOptions extends ParseOptions {
  /** As sent; on update it may lack what the stored row has. */
  readonly input: Readonly<JsonObject>
}

/**
 * Runs the transformations of a kind over a parsed row, e.g. the hashing of a password.
 *
 * What a transformation works on and what it needs besides must come together: an update that
 * sends one without the other is refused, since the stored row holds only the outcome.
 */
export function transform(
  transformations: readonly Transformation[],
  parsed: Parsed<JsonObject>,
  options: TransformOptions,
): Parsed<Entity> {
  // What the gateway makes itself, such as a secret, is there once a new row is parsed.
  const complete = parsed.ok && options.mode === 'insert' ? parsed.value : options.input
  const missing = transformations.flatMap((transformation) =>
    incomplete(transformation, options, complete),
  )
  if (!parsed.ok || missing.length > 0)
    return { ok: false, violations: [...(parsed.ok ? [] : parsed.violations), ...missing] }
  const row = parsed.value as Entity
  const changes = transformations
    .filter((transformation) => runs(transformation, row, options))
    .map((transformation) => transformation.onWrite(row))
  return { ok: true, value: Object.assign({}, row, ...changes) as Entity }
}

function runs(
  { input, isIdempotent }: Transformation,
  row: Entity,
  options: TransformOptions,
): boolean {
  if (options.skipTransformations === true && isIdempotent !== true) return false
  const source = options.mode === 'update' ? options.input : row
  return input.every((name) => isFilled(valueAt(source, name)))
}

function incomplete(
  { input, needs = [] }: Transformation,
  { mode, current, input: given }: TransformOptions,
  complete: Readonly<JsonObject>,
): readonly Violation[] {
  const isTouched = input.some((name) => isFilled(valueAt(given, name)))
  const changes =
    mode === 'update' && needs.some((name) => valueAt(given, name) !== valueAt(current, name))
  if (!isTouched && !(changes && needs.some((name) => isFilled(valueAt(given, name))))) return []
  const names = [...input, ...needs]
  return names.every((name) => isFilled(valueAt(complete, name)))
    ? []
    : [{ path: [], message: mutuallyRequired(names), kind: 'entity' }]
}
