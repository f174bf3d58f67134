import { isJsonObject, type JsonObject } from '../base/json.ts'
import type { Steps } from '../base/steps.ts'
import type { DeclarativeText } from './declarative.ts'
import { jsonDepthSteps, jsonFault } from './json-syntax.ts'
import { readYaml } from './yaml/compose.ts'

export type DocumentReading =
  | { readonly ok: true; readonly document: JsonObject }
  | {
      readonly ok: false
      /** Kong's text: the parser's words, with the place as Kong names it. */
      readonly message: string
      readonly problem: string
      readonly line?: number
      readonly column?: number
    }

/**
 * Reads a text as JSON or YAML, by the ending of its file's name; without a name, as JSON if it is
 * JSON and as YAML if not.
 */
export function* readSteps({ text, fileName }: DeclarativeText): Steps<DocumentReading> {
  if (fileName?.endsWith('json')) return yield* readJson(text)
  if (fileName !== undefined && !/ya?ml$/.test(fileName)) {
    const message = `unknown file type: ${fileName}. (Accepted types: json, yaml)`
    return { ok: false, message, problem: message }
  }
  if (fileName === undefined && /^\s*[[{]/.test(text)) {
    const reading = yield* readJson(text)
    if (reading.ok) return reading
  }
  return readYamlDocument(text)
}

/** Whether a value is a document at all. */
export function asDocument(value: unknown): DocumentReading {
  // Empty lists and objects are one thing in Lua.
  if (Array.isArray(value) && value.length === 0) return { ok: true, document: {} }
  if (isJsonObject(value)) return { ok: true, document: value }
  return { ok: false, message: unparsed('expected an object'), problem: 'expected an object' }
}

function unparsed(why: string): string {
  return `failed parsing declarative configuration: ${why}`
}

/** Deeper nesting is nobody's intention, and much that reads a document calls itself for each level. */
const MAX_DEPTH = 500

function* readJson(text: string): Steps<DocumentReading> {
  if ((yield* jsonDepthSteps(text)) > MAX_DEPTH)
    return { ok: false, message: unparsed('nested too deeply'), problem: 'nested too deeply' }
  try {
    return asDocument(JSON.parse(text))
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    const { message, index } = jsonFault(text) ?? { message: error.message, index: 0 }
    const lines = text.slice(0, index).split('\n')
    return {
      ok: false,
      message: unparsed(message),
      problem: message.replace(/ at character \d+$/, ''),
      line: lines.length,
      column: lines.at(-1)!.length + 1,
    }
  }
}

function readYamlDocument(text: string): DocumentReading {
  const reading = readYaml(text)
  // A text of null alone is an empty table to Kong, where one of nothing is nothing.
  if (reading.ok) return asDocument(reading.value === null ? {} : reading.value)
  const { problem, mark, understood } = reading
  return {
    ok: false,
    message: unparsed(`${understood.line + 1}:${understood.column + 1}: ${problem}`),
    problem,
    line: mark.line + 1,
    column: mark.column + 1,
  }
}
