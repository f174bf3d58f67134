import type { JsonObject } from '../../../base/json.ts'
import { listAt, memberAt, textAt } from '../json-members.ts'
import { FormatFault } from '../provider.ts'

const ROLES: Readonly<Record<string, string>> = { user: 'user', assistant: 'model' }

/** What the system says is one text there. */
export function systemText(messages: readonly unknown[]): string | undefined {
  const texts = messages
    .filter((message) => memberAt(message, 'role') === 'system')
    .map((message) => textAt(message, 'content') ?? '')
  return texts.length === 0 ? undefined : texts.join('')
}

/**
 * The turns of a chat in Gemini's form.
 * @throws {FormatFault} for a part of a kind that has no place there
 */
export function geminiContents(messages: readonly unknown[]): readonly JsonObject[] {
  return messages.flatMap((message, index) => {
    const role = textAt(message, 'role') ?? 'user'
    if (role === 'system') return []
    if (role === 'tool') return [toolResult(message, messages)]
    const calls = listAt(message, 'tool_calls')
    if (role === 'assistant' && calls.length > 0)
      return [{ role: 'function', parts: calls.map(functionCall) }]
    const parts = partsOf(memberAt(message, 'content'), index + 1)
    return [{ role: ROLES[role] ?? 'user', parts }]
  })
}

function functionCall(call: unknown): JsonObject {
  return { function_call: { name: memberAt(call, 'function', 'name') } }
}

/** A result names its call, which names the function. */
function toolResult(message: unknown, messages: readonly unknown[]): JsonObject {
  const id = memberAt(message, 'tool_call_id')
  const call = messages
    .flatMap((each) => listAt(each, 'tool_calls'))
    .find((each) => memberAt(each, 'id') === id)
  const name = memberAt(message, 'name') ?? memberAt(call, 'function', 'name')
  const response = { content: [memberAt(message, 'content')] }
  return { role: 'function', parts: [{ function_response: { response: { ...response }, name } }] }
}

/** @param position of the message, from 1, for faults */
function partsOf(content: unknown, position: number): readonly JsonObject[] {
  if (!Array.isArray(content)) return [{ text: typeof content === 'string' ? content : '' }]
  if (content.length === 0)
    throw new FormatFault(`message at position ${position} does not match expected array format`)
  return content.map(partOf)
}

function partOf(part: unknown): JsonObject {
  const type = textAt(part, 'type')
  if (type === 'text') {
    const text = textAt(part, 'text')
    if (text === undefined)
      throw new FormatFault("message part type is 'text' but is missing .text block")
    return { text }
  }
  if (type !== 'image_url')
    throw new FormatFault(`cannot transform part of type '${type ?? 'nil'}' to Gemini format`)
  const url = textAt(part, 'image_url', 'url')
  if (url === undefined)
    throw new FormatFault("message part type is 'image_url' but is missing .image_url.url block")
  return imagePart(url)
}

/** An image is in the request itself, or lies where Google can fetch it. @see RFC 2397 */
function imagePart(url: string): JsonObject {
  const [, mimeType, content] = /^data:([^;,]*);[^,]*,(.*)$/s.exec(url) ?? []
  return content === undefined
    ? { fileData: { fileUri: url, mimeType: 'image/generic' } }
    : { inlineData: { data: content, mimeType } }
}
