import { describe, expect, it } from 'vitest'
import { configFaults, parsedConfig, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { aiPromptDecorator } from './plugin.ts'

const BE_KIND = { role: 'system', content: 'Be kind.' }
const BE_SHORT = { role: 'user', content: 'Be short.' }
const BOTH = { prompts: { prepend: [{ content: 'Be kind.' }], append: [BE_SHORT] } }
const QUESTION = { role: 'user', content: 'Why?', name: 'ann' }

const send = (body: string, config: object = BOTH, headers: Record<string, string> = {}) =>
  testPlugin(aiPromptDecorator, { ...config }, { request: { method: 'POST', headers, body } })

describe('ai-prompt-decorator', () => {
  it('puts its messages around those of the chat, and leaves the rest as it is', async () => {
    const body = { model: 'm', messages: [QUESTION], temperature: 0.5 }
    const { answer, upstream } = await send(JSON.stringify(body))
    expect(answer).toBeUndefined()
    expect(JSON.parse(String(upstream.body))).toEqual({
      ...body,
      messages: [BE_KIND, QUESTION, BE_SHORT],
    })
    expect(upstream.header('content-type')).toBe('application/json')
  })

  it.each([
    [{ prompts: { prepend: [BE_SHORT, BE_KIND] } }, [BE_SHORT, BE_KIND, QUESTION]],
    [{ prompts: { append: [BE_KIND] } }, [QUESTION, BE_KIND]],
  ])('with %j alone keeps their order', async (config, messages) => {
    const { upstream } = await send(JSON.stringify({ messages: [QUESTION] }), config)
    expect(JSON.parse(String(upstream.body))).toEqual({ messages })
  })

  it.each([
    ['plain text', 'hello', {}, 'application/json'],
    ['a list', '[]', {}, 'application/json'],
    ['no body', '', {}, 'application/json'],
    ['another type', '{"messages":[1]}', { 'content-type': 'text/plain' }, 'application/json'],
    ['too long a body', JSON.stringify({ messages: ['x'.repeat(9000)] }), {}, 'application/json'],
    ['a prompt', '{"prompt":"Why?"}', {}, 'llm/chat type'],
    ['an empty chat', '{"messages":[]}', {}, 'llm/chat type'],
    ['messages that are no list', '{"messages":"Why?"}', {}, 'llm/chat type'],
  ])('refuses %s', async (_what, body, headers, wanted) => {
    const { answer } = await send(body, BOTH, { ...headers })
    expect(answer).toMatchObject({
      status: 400,
      body: `{"error":{"message":"this LLM route only supports ${wanted} requests"}}`,
    })
  })

  it('reads a body as long as the gateway holds in memory', async () => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'x'.repeat(9000) }] })
    const { answer } = await testPlugin(aiPromptDecorator, BOTH, {
      request: { body },
      settings: { nginx_http_client_body_buffer_size: '16k' },
    })
    expect(answer).toBeUndefined()
  })

  it('has Kong’s defaults', () => {
    expect(parsedConfig(aiPromptDecorator, BOTH)).toEqual({
      prompts: { prepend: [BE_KIND], append: [BE_SHORT] },
      max_request_body_size: 8192,
    })
  })

  const NOTHING =
    "at least one of these fields must be non-empty: 'config.prompts.prepend', 'config.prompts.append'"
  it.each([
    [{}, [NOTHING]],
    [{ prompts: { prepend: [], append: [] } }, [NOTHING]],
    [
      { prompts: { append: [{ role: 'tool', content: 'x' }] } },
      ['config.prompts.append.0.role: expected one of: system, assistant, user'],
    ],
    [
      { prompts: { append: [{ content: 'x'.repeat(501) }] } },
      ['config.prompts.append.0.content: length must be at most 500'],
    ],
    [{ prompts: { append: [{}] } }, ['config.prompts.append.0.content: required field missing']],
    [
      { prompts: { prepend: Array.from({ length: 16 }, () => BE_KIND) } },
      ['config.prompts.prepend: length must be at most 15'],
    ],
  ])('refuses the config %j', (config, faults) => {
    expect(configFaults(aiPromptDecorator, config)).toEqual(faults)
  })
})
