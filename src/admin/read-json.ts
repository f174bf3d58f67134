import { isUtf8 } from 'node:buffer'
import { isDeeperThan, isJsonObject, type JsonObject } from '../base/json.ts'

/** Deeper bodies are refused: what reads them further on calls itself for each level. */
const MAX_DEPTH = 500

/** Reads a JSON object; nothing for what is not one, is not UTF-8, or is nested too deeply. */
export function readJsonObject(body: Buffer): JsonObject | undefined {
  if (!isUtf8(body)) return undefined
  try {
    const value: unknown = JSON.parse(body.toString('utf8'))
    return isJsonObject(value) && !isDeeperThan(value, MAX_DEPTH) ? value : undefined
  } catch {
    // The answer says that it is not JSON; where it breaks helps nobody.
    return undefined
  }
}
