import { listAt, memberAt } from './json-members.ts'

/**
 * Guesses how many tokens a request has, for providers that do not tell: so many to a word.
 *
 * @param factor tokens to a word; Kong takes more for streams
 */
export function guessPromptTokens(request: unknown, factor: number): number {
  const messages = memberAt(request, 'messages')
  const words = Array.isArray(messages)
    ? messages.reduce<number>((sum, each) => sum + countWords(memberAt(each, 'content')), 0)
    : countWords(memberAt(request, 'prompt'))
  return Math.floor(words * factor + 0.5)
}

/** Guesses how many tokens an answer in OpenAI's form has: one to a word. */
export function guessAnswerTokens(answer: unknown): number {
  return listAt(answer, 'choices').reduce<number>((sum, choice) => {
    const content = memberAt(choice, 'message', 'content') ?? memberAt(choice, 'text')
    return sum + countWords(content)
  }, 0)
}

/** Guesses how many tokens a piece of a streamed answer has: one to four bytes. */
export function guessPieceTokens(text: string): number {
  return Math.ceil(Buffer.byteLength(text.trim()) / 4)
}

/** Of content that has parts, those that are text count. */
function countWords(content: unknown): number {
  if (typeof content === 'string') return content.match(/\S+/g)?.length ?? 0
  if (!Array.isArray(content)) return 0
  return content.reduce<number>((sum, part) => sum + countWords(memberAt(part, 'text')), 0)
}
