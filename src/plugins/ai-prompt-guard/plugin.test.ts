import { describe, expect, it } from 'vitest'
import { configFaults, parsedConfig, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { aiPromptGuard } from './plugin.ts'

const REFUSED = {
  kind: 'exit',
  status: 400,
  body: '{"error":{"message":"bad request"}}',
}
const chat = (...messages: (readonly [string, unknown])[]) => ({
  messages: messages.map(([role, content]) => ({ role, content })),
})

async function answerTo(body: unknown, config: object, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  const { answer, upstream } = await testPlugin(
    aiPromptGuard,
    { ...config },
    {
      request: { method: 'POST', headers, body: text },
    },
  )
  if (answer === undefined) expect(upstream.body).toBe(text)
  return answer
}

const CHEESE = { allow_patterns: ['[a-z]+ cheese'] }
const BOMB = { deny_patterns: ['(?i)BOMB'] }

describe('ai-prompt-guard', () => {
  it.each([
    ['a prompt that matches an allow pattern', { prompt: 'fine cheese' }, CHEESE],
    ['a prompt that matches no deny pattern', { prompt: 'fine cheese' }, BOMB],
    ['messages of the user that match', chat(['user', 'blue cheese']), CHEESE],
    ['messages whose older ones match', chat(['user', 'blue cheese'], ['user', 'eat']), CHEESE],
    ['what the assistant said', chat(['assistant', 'bomb'], ['user', 'eat']), BOMB],
    [
      'older messages, when only the last one counts',
      chat(['user', 'bomb'], ['assistant', 'no'], ['user', 'eat']),
      { ...BOMB, allow_all_conversation_history: true },
    ],
    [
      'content of other kinds in older messages, when only the last one counts',
      chat(['user', [{ type: 'image_url' }]], ['user', 'eat']),
      { ...BOMB, allow_all_conversation_history: true },
    ],
    [
      'a match in what the system said, when all roles count',
      chat(['system', 'talk about blue cheese'], ['user', 'go']),
      { ...CHEESE, match_all_roles: true },
    ],
    [
      'a match across messages, which a space parts and the newest of which is first',
      chat(['user', 'two'], ['user', 'one']),
      { allow_patterns: ['^one two $'] },
    ],
  ])('lets through %s', async (_what, body, config) => {
    expect(await answerTo(body, config)).toBeUndefined()
  })

  it.each([
    ['a prompt that matches no allow pattern', { prompt: 'bread' }, CHEESE],
    ['a prompt that matches a deny pattern', { prompt: 'a bomb' }, BOMB],
    ['one that matches both', { prompt: 'bomb cheese' }, { ...CHEESE, ...BOMB }],
    ['an older message that matches', chat(['user', 'bomb'], ['user', 'eat']), BOMB],
    [
      'a match of any role, when all count',
      chat(['system', 'bomb'], ['user', 'eat']),
      { ...BOMB, match_all_roles: true },
    ],
    ['content that is no text', chat(['user', [{ type: 'text', text: 'eat' }]]), BOMB],
    ['a message without a role', { messages: [{ content: 'eat' }] }, BOMB],
    ['a message that is none', { messages: ['eat'] }, BOMB],
    ['neither messages nor prompt', { text: 'eat' }, BOMB],
    ['a list of prompts', { prompt: ['eat'] }, BOMB],
    ['what is no JSON', 'eat', BOMB],
    ['a body that is too long', { prompt: 'e'.repeat(9000) }, BOMB],
  ])('refuses %s', async (_what, body, config) => {
    expect(await answerTo(body, config)).toMatchObject(REFUSED)
  })

  it('refuses what is not said to be JSON', async () => {
    const headers = { 'content-type': 'text/plain' }
    expect(await answerTo({ prompt: 'eat' }, BOMB, headers)).toMatchObject(REFUSED)
  })

  it('refuses a prompt that is too long for a deny pattern that needs backtracking', async () => {
    const config = { deny_patterns: ['(?<!no )bomb'], max_request_body_size: 100_000 }
    expect(await answerTo({ prompt: 'no bomb' }, config)).toBeUndefined()
    expect(await answerTo({ prompt: 'e'.repeat(4000) }, config)).toMatchObject(REFUSED)
  })

  it('takes no longer for a pattern that a backtracking engine would never be done with', async () => {
    const config = { deny_patterns: ['^(a+)+$'] }
    expect(await answerTo({ prompt: `${'a'.repeat(5000)}!` }, config)).toBeUndefined()
  })

  it('answers 500 without a body when a pattern it comes to is none', async () => {
    const config = { deny_patterns: ['bomb', '('] }
    expect(await answerTo({ prompt: 'bomb' }, config)).toMatchObject(REFUSED)
    const answer = await answerTo({ prompt: 'eat' }, config)
    expect(answer).toMatchObject({ kind: 'exit', status: 500 })
    expect(answer).not.toHaveProperty('body')
  })

  it('has Kong’s defaults', () => {
    expect(parsedConfig(aiPromptGuard, CHEESE)).toEqual({
      ...CHEESE,
      allow_all_conversation_history: false,
      max_request_body_size: 8192,
      match_all_roles: false,
    })
  })

  it.each([
    [
      {},
      [
        "at least one of these fields must be non-empty: 'config.allow_patterns', 'config.deny_patterns'",
      ],
    ],
    [
      { ...BOMB, match_all_roles: true, allow_all_conversation_history: true },
      [
        "failed conditional validation given value of field 'config.match_all_roles'",
        'config.allow_all_conversation_history: value must be false',
      ],
    ],
    [
      { deny_patterns: Array.from({ length: 11 }, () => 'a') },
      ['config.deny_patterns: length must be at most 10'],
    ],
    [{ deny_patterns: [''] }, ['config.deny_patterns.0: length must be at least 1']],
    [
      { allow_patterns: ['a'.repeat(501)] },
      ['config.allow_patterns.0: length must be at most 500'],
    ],
    [
      { ...BOMB, max_request_body_size: 0 },
      ['config.max_request_body_size: value must be greater than 0'],
    ],
  ])('refuses the config %j', (config, faults) => {
    expect(configFaults(aiPromptGuard, config)).toEqual(faults)
  })
})
