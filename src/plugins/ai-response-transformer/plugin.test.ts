import { describe, expect, it } from 'vitest'
import { configFaults, parsedConfig } from '../../plugin-kit/testing/test-plugin.ts'
import { readInstructions } from './instructions.ts'
import { aiResponseTransformer } from './plugin.ts'

const LLM = { route_type: 'llm/v1/chat', model: { provider: 'openai' } }

describe('ai-response-transformer › schema', () => {
  it('has Kong’s fields and defaults', () => {
    expect(Object.keys(aiResponseTransformer.config.fields)).toEqual([
      'prompt',
      'transformation_extract_pattern',
      'parse_llm_response_json_instructions',
      'http_timeout',
      'https_verify',
      'max_request_body_size',
      'http_proxy_host',
      'http_proxy_port',
      'https_proxy_host',
      'https_proxy_port',
      'llm',
    ])
    expect(parsedConfig(aiResponseTransformer, { prompt: 'x', llm: LLM })).toMatchObject({
      parse_llm_response_json_instructions: false,
      http_timeout: 60_000,
      https_verify: true,
      max_request_body_size: 8192,
    })
  })

  it('refuses to ask for anything but a chat', () => {
    const llm = { ...LLM, route_type: 'llm/v1/completions' }
    expect(configFaults(aiResponseTransformer, { prompt: 'x', llm })).toEqual([
      "'config.llm.route_type' must be 'llm/v1/chat' for AI transformer plugins",
      'config.llm.route_type: value must be llm/v1/chat',
    ])
  })
})

describe('readInstructions()', () => {
  it.each([
    ['{"body":"x"}', { status: 200, headers: {}, body: 'x' }],
    ['{"body":{"a":[]},"status":201}', { status: 201, headers: {}, body: '{"a":[]}' }],
    ['{"a":1,"headers":null}', { status: 200, headers: {}, body: '{"a":1,"headers":null}' }],
    [
      '{"body":"","headers":{"X-A":"b","X-N":1,"X-L":[],"X B":"c"}}',
      { status: 200, headers: { 'x-a': 'b', 'x-n': '1' }, body: '' },
    ],
  ])('reads %s', (content, wanted) => {
    expect(readInstructions(content)).toEqual(wanted)
  })

  it.each([
    ['null', 'input not table or string'],
    ['"x"', 'input not table or string'],
    ['{"status":99}', 'status 99 is none'],
    ['{"status":"200"}', 'status "200" is none'],
  ])('tells what is wrong with %s', (content, fault) => {
    expect(readInstructions(content)).toBe(fault)
  })
})
