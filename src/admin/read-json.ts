import { isUtf8 } from 'node:buffer'
import { isJsonObject, type JsonObject } from '../base/json.ts'

/** Deeper bodies are refused: what reads them further on calls itself for each level. */
const MAX_DEPTH = 500

/** Reads a JSON object; nothing for what is not one, is not UTF-8, or is nested too deeply. */
export function readJsonObject(body: Buffer): JsonObject | undefined {
  if (!isUtf8(body) || depthOf(body) > MAX_DEPTH) return undefined
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isJsonObject(value) ? value : undefined
  } catch {
    // The answer says that it is not JSON; where it breaks helps nobody.
    return undefined
  }
}

const QUOTE = 0x22
const BACKSLASH = 0x5c
/** Their closing ones come two after. */
const BRACKET = 0x5b
const BRACE = 0x7b

function depthOf(body: Buffer): number {
  let depth = 0
  let deepest = 0
  let isText = false
  for (let at = 0; at < body.length; at += 1) {
    const byte = body[at]!
    if (byte === QUOTE) isText = !isText
    else if (isText) {
      if (byte === BACKSLASH) at += 1
    } else if (byte === BRACKET || byte === BRACE) deepest = Math.max(deepest, (depth += 1))
    else if (byte === BRACKET + 2 || byte === BRACE + 2) depth -= 1
  }
  return deepest
}
