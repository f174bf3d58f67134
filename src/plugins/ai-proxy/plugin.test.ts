import { describe, expect, it } from 'vitest'
import { configFaults, parsedConfig, testPlugin } from '../../plugin-kit/testing/test-plugin.ts'
import { aiProxy } from './plugin.ts'

const AUTH = { header_name: 'Authorization', header_value: 'Bearer key' }
const of = (provider: string, options: object = {}, more: object = {}) => ({
  route_type: 'llm/v1/chat',
  auth: AUTH,
  model: { provider, name: 'm', options },
  ...more,
})
const STATISTICS = { logging: { log_statistics: true } }

describe('ai-proxy › schema', () => {
  it('has Kong’s defaults', () => {
    const nothing = undefined
    expect(parsedConfig(aiProxy, of('openai'))).toMatchObject({
      route_type: 'llm/v1/chat',
      auth: { ...AUTH, gcp_use_service_account: false, allow_override: false },
      model: {
        provider: 'openai',
        name: 'm',
        options: { max_tokens: 256, azure_api_version: '2023-05-15' },
      },
      logging: { log_statistics: false, log_payloads: false },
      response_streaming: 'allow',
      max_request_body_size: 8192,
      model_name_header: true,
    })
    const bare = { route_type: 'preserve', model: { provider: 'openai' } }
    expect(parsedConfig(aiProxy, bare)['auth']).toBe(nothing)
  })

  it('has its fields in Kong’s order', () => {
    expect(Object.keys(aiProxy.config.fields)).toEqual([
      'route_type',
      'auth',
      'model',
      'logging',
      'response_streaming',
      'max_request_body_size',
      'model_name_header',
    ])
  })

  it.each([
    of('azure', { azure_instance: 'i', azure_deployment_id: 'd' }),
    of('anthropic', { anthropic_version: '2023-06-01' }),
    of('llama2', { llama2_format: 'raw', upstream_url: 'http://llama.test' }),
    of('mistral', { mistral_format: 'openai' }),
    of('gemini'),
    of('bedrock'),
    of('huggingface', { huggingface: { use_cache: true } }),
    { ...of('openai'), auth: undefined },
  ])('takes %j', (config) => {
    expect(configFaults(aiProxy, config)).toEqual([])
  })

  const overriding = { auth: { ...AUTH, allow_override: true } }
  it.each([
    [
      {},
      [
        'config.route_type: required field missing',
        'config.model.provider: required field missing',
      ],
    ],
    [
      { ...of('openai'), route_type: 'llm/v1/embeddings' },
      ['config.route_type: expected one of: llm/v1/chat, llm/v1/completions, preserve'],
    ],
    [
      of('other'),
      [
        'config.model.provider: expected one of: openai, azure, anthropic, cohere, mistral, llama2, gemini, bedrock, huggingface',
      ],
    ],
    [
      { ...of('openai'), auth: { header_name: 'x' } },
      ["config: all or none of these fields must be set: 'auth.header_name', 'auth.header_value'"],
    ],
    [
      { ...of('openai'), auth: { param_name: 'x', param_value: 'y' } },
      [
        "config: all or none of these fields must be set: 'auth.param_name', 'auth.param_value', 'auth.param_location'",
      ],
    ],
    [
      of('gemini', {}, overriding),
      [
        'config: bedrock and gemini only support auth.allow_override = false',
        'config.auth.allow_override: value must be false',
      ],
    ],
    [
      of('llama2'),
      [
        "config: must set 'model.options.llama2_format' for llama2 provider",
        "config: must set 'model.options.upstream_url' for self-hosted providers/models",
      ],
    ],
    [of('mistral'), ["config: must set 'model.options.mistral_format' for mistral provider"]],
    [
      of('anthropic'),
      ["config: must set 'model.options.anthropic_version' for anthropic provider"],
    ],
    [
      of('azure'),
      [
        "config: must set 'model.options.azure_instance' for azure provider",
        "config: must set 'model.options.azure_deployment_id' for azure provider",
      ],
    ],
    [
      of(
        'anthropic',
        { anthropic_version: '1' },
        { ...STATISTICS, route_type: 'llm/v1/completions' },
      ),
      ['config: anthropic does not support statistics when route_type is llm/v1/completions'],
    ],
    [
      of('gemini', { gemini: { api_endpoint: 'x' } }),
      [
        "config.model.options.gemini: all or none of these fields must be set: 'api_endpoint', 'project_id', 'location_id'",
      ],
    ],
    [
      of('openai', { temperature: 6, top_p: 2, top_k: 501, input_cost: 0 }),
      [
        'config.model.options.input_cost: value must be greater than 0',
        'config.model.options.temperature: value should be between 0 and 5',
        'config.model.options.top_p: value should be between 0 and 1',
        'config.model.options.top_k: value should be between 0 and 500',
      ],
    ],
    [
      of('openai', {}, { response_streaming: 'maybe' }),
      ['config.response_streaming: expected one of: allow, deny, always'],
    ],
    [
      of('openai', { upstream_url: 'models.test' }),
      ['config.model.options.upstream_url: missing host in url'],
    ],
  ])('refuses %j', (config, faults) => {
    expect(configFaults(aiProxy, config)).toEqual(faults)
  })
})

describe('ai-proxy › where requests go', () => {
  const REQUEST = { request: { method: 'POST', path: '/client', body: '{"prompt":"Why?"}' } }

  it.each([
    [of('openai'), 'https://api.openai.com:443/v1/completions'],
    [of('openai', { upstream_path: 'x/y' }), 'https://api.openai.com:443/x/y'],
    [
      of('azure', { azure_instance: 'i', azure_deployment_id: 'd' }),
      'https://i.openai.azure.com:443/openai/deployments/d/completions?api-version=2023-05-15',
    ],
    [of('anthropic', { anthropic_version: '1' }), 'https://api.anthropic.com:443/v1/complete'],
    [of('cohere'), 'https://api.cohere.com:443/v1/generate'],
    [of('mistral', { mistral_format: 'openai' }), 'https://api.mistral.ai:443/v1/completions'],
    [of('huggingface'), 'https://api-inference.huggingface.co:443/models/m'],
    [of('openai', { upstream_url: 'http://models.test/a?b' }), 'http://models.test:80/a'],
  ])('for %j is %s', async (config, url) => {
    const { answer, upstream } = await testPlugin(
      aiProxy,
      { ...config, route_type: 'llm/v1/completions' },
      REQUEST,
    )
    expect(answer).toBeUndefined()
    const { scheme, host, path, rawQuery } = upstream
    expect(`${scheme}://${host}${path}${rawQuery && `?${rawQuery}`}`).toBe(url)
  })

  it.each([
    [of('openai'), 'https://api.openai.com:443/client'],
    [of('openai', { upstream_path: '/x' }), 'https://api.openai.com:443/x'],
    [of('openai', { upstream_url: 'http://m.test:81/a' }), 'http://m.test:81/client'],
  ])('where nothing is translated, for %j is %s', async (config, url) => {
    const { upstream } = await testPlugin(aiProxy, { ...config, route_type: 'preserve' }, REQUEST)
    expect(`${upstream.scheme}://${upstream.host}${upstream.path}`).toBe(url)
  })

  it.each([
    [of('gemini'), false, 'generativelanguage.googleapis.com:443/v1beta/models/m:generateContent'],
    [
      of('gemini'),
      true,
      'generativelanguage.googleapis.com:443/v1beta/models/m:streamGenerateContent',
    ],
    [
      of('gemini', { gemini: { api_endpoint: 'eu.test', project_id: 'p', location_id: 'l' } }),
      false,
      'eu.test:443/v1/projects/p/locations/l/publishers/google/models/m:generateContent',
    ],
    [
      of('gemini', { upstream_url: 'https://g.test/a', upstream_path: '/b' }),
      false,
      'g.test:443/b',
    ],
    [
      of(
        'bedrock',
        { bedrock: { aws_region: 'eu-west-1' } },
        {
          auth: { aws_access_key_id: 'a', aws_secret_access_key: 'b' },
        },
      ),
      true,
      'bedrock-runtime.eu-west-1.amazonaws.com:443/model/m/converse-stream',
    ],
    [of('huggingface'), false, 'api-inference.huggingface.co:443/models/m/v1/chat/completions'],
  ])('for chats with %j, streaming %s, is %s', async (config, stream, place) => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Why?' }], stream })
    const { answer, upstream } = await testPlugin(aiProxy, config, { request: { body } })
    expect(answer).toBeUndefined()
    expect(upstream.host + upstream.path).toBe(place)
  })

  it('is nowhere while Amazon’s region is unknown', async () => {
    const logged: string[] = []
    const body = '{"messages":[{"role":"user","content":"Why?"}]}'
    const { answer } = await testPlugin(aiProxy, of('bedrock'), { request: { body }, logged })
    expect(answer).toMatchObject({
      status: 500,
      body: '{"error":{"message":"LLM request failed before proxying"}}',
    })
    expect(logged).toEqual(['ai-proxy: cannot prove to bedrock who asks'])
  })
})
