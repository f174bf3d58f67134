import { describe, expect, it } from 'vitest'
import { configFaults, parsedConfig } from '../../plugin-kit/testing/test-plugin.ts'
import { aiRequestTransformer } from './plugin.ts'

const LLM = { route_type: 'llm/v1/chat', model: { provider: 'openai' } }
const CONFIG = { prompt: 'Make it short.', llm: LLM }

describe('ai-request-transformer › schema', () => {
  it('has Kong’s defaults', () => {
    expect(parsedConfig(aiRequestTransformer, CONFIG)).toMatchObject({
      prompt: 'Make it short.',
      http_timeout: 60_000,
      https_verify: true,
      max_request_body_size: 8192,
      llm: { ...LLM, logging: { log_statistics: false, log_payloads: false } },
    })
  })

  it('has its fields in Kong’s order', () => {
    expect(Object.keys(aiRequestTransformer.config.fields)).toEqual([
      'prompt',
      'transformation_extract_pattern',
      'http_timeout',
      'https_verify',
      'max_request_body_size',
      'http_proxy_host',
      'http_proxy_port',
      'https_proxy_host',
      'https_proxy_port',
      'llm',
    ])
  })

  const CHAT_ONLY = "'config.llm.route_type' must be 'llm/v1/chat' for AI transformer plugins"
  it.each([
    [{ llm: LLM }, ['config.prompt: required field missing']],
    [
      { ...CONFIG, llm: { ...LLM, route_type: 'preserve' } },
      [CHAT_ONLY, 'config.llm.route_type: value must be llm/v1/chat'],
    ],
    [
      { ...CONFIG, http_proxy_host: 'proxy.test' },
      [
        "all or none of these fields must be set: 'config.http_proxy_host', 'config.http_proxy_port'",
      ],
    ],
    [
      { ...CONFIG, https_proxy_port: 3128 },
      [
        "all or none of these fields must be set: 'config.https_proxy_host', 'config.https_proxy_port'",
      ],
    ],
    [
      { ...CONFIG, llm: { ...LLM, model: { provider: 'mistral' } } },
      ["config.llm: must set 'model.options.mistral_format' for mistral provider"],
    ],
  ])('refuses %j', (config, faults) => {
    expect(configFaults(aiRequestTransformer, config)).toEqual(faults)
  })
})
