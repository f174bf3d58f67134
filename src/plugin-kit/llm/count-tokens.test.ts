import { describe, expect, it } from 'vitest'
import { guessAnswerTokens, guessPieceTokens, guessPromptTokens } from './count-tokens.ts'

describe('guesses of tokens', () => {
  const parts = [{ type: 'text', text: 'three more words' }, { type: 'image_url' }]
  it.each([
    [{ messages: [{ content: ' two  words ' }, { content: parts }] }, 1, 5],
    [{ messages: [{ content: 'two words' }] }, 1.8, 4],
    [{ prompt: 'one two three' }, 1.8, 5],
    [{ prompt: ['x'] }, 1, 0],
    [{}, 1, 0],
  ])('count words of %j, %f to each', (request, factor, tokens) => {
    expect(guessPromptTokens(request, factor)).toBe(tokens)
  })

  it('count words of all choices of an answer', () => {
    const choices = [{ message: { content: 'a b' } }, { text: 'c' }, {}]
    expect(guessAnswerTokens({ choices })).toBe(3)
    expect(guessAnswerTokens(undefined)).toBe(0)
  })

  it.each([
    ['', 0],
    [' a ', 1],
    ['éééé', 2],
    ['abcde', 2],
  ])('count "%s" as %i, four bytes to each', (text, tokens) => {
    expect(guessPieceTokens(text)).toBe(tokens)
  })
})
