import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { Config } from './schema.ts'

/**
 * What of a request is held against the patterns: its messages, newest first, with a space after
 * each; or its prompt.
 *
 * @returns nothing for a request of another form, or with messages that are not plain text
 */
export function promptText(
  { messages, prompt }: JsonObject,
  {
    allow_all_conversation_history: isLatestOnly,
    match_all_roles: isAllRoles,
  }: Pick<Config, 'allow_all_conversation_history' | 'match_all_roles'>,
): string | undefined {
  if (!Array.isArray(messages)) return typeof prompt === 'string' ? prompt : undefined
  let text = ''
  for (const message of messages.toReversed() as readonly unknown[]) {
    if (!isJsonObject(message) || typeof message['role'] !== 'string') return undefined
    const { role, content } = message
    if (role !== 'user' && !isAllRoles) continue
    if (typeof content !== 'string') return undefined
    if (isLatestOnly) return content
    text += `${content} `
  }
  return text
}
