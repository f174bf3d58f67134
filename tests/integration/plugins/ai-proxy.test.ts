import { generateKeyPairSync } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import http from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { crc32, gunzipSync, gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

interface Asked {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly body: Record<string, unknown>
  readonly text: string
}

interface Reply {
  readonly status?: number
  readonly headers?: Record<string, string>
  /** Pieces that are sent one after the other. */
  readonly body: readonly (string | Buffer)[]
}

/** What the model answers next, and what it was asked last. */
let reply: Reply = { body: ['{}'] }
let asked: Asked
let model: TestUpstream
let gateway: TestGateway
const logFile = join(tmpdir(), `portunus-ai-${process.pid}.log`)

const CHAT = {
  messages: [
    { role: 'system', content: 'Be short.' },
    { role: 'user', content: 'Why?' },
  ],
}
const PROMPT = { prompt: 'Why?' }
const AUTH = { header_name: 'Authorization', header_value: 'Bearer key' }
const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })

/** Routes of the gateway: by name, the config without what all have. */
function configs(url: string): Record<string, { route?: string; [field: string]: unknown }> {
  const of = (provider: string, options: object = {}, more: object = {}) => ({
    auth: AUTH,
    ...more,
    model: { provider, name: `${provider}-1`, options: { upstream_url: `${url}/m`, ...options } },
  })
  const completions = { route_type: 'llm/v1/completions' }
  const account = JSON.stringify({
    client_email: 'gateway@project.test',
    private_key: privateKey.export({ type: 'pkcs8', format: 'pem' }),
    token_uri: `${url}/token`,
  })
  return {
    openai: of('openai', { temperature: 0.5, top_k: 3 }),
    'openai-completions': of('openai', {}, completions),
    azure: of('azure', { azure_instance: 'i', azure_deployment_id: 'd' }),
    anthropic: of('anthropic', { anthropic_version: '2023-06-01' }),
    'anthropic-completions': of('anthropic', { anthropic_version: '2023-06-01' }, completions),
    cohere: of('cohere', { top_p: 0.5 }),
    'cohere-completions': of('cohere', {}, completions),
    mistral: of('mistral', { mistral_format: 'openai' }),
    'mistral-ollama': of('mistral', { mistral_format: 'ollama' }),
    'llama2-raw': of('llama2', { llama2_format: 'raw' }),
    'llama2-raw-completions': of('llama2', { llama2_format: 'raw' }, completions),
    'llama2-openai': of('llama2', { llama2_format: 'openai' }),
    'llama2-ollama': of('llama2', { llama2_format: 'ollama' }),
    'llama2-ollama-completions': of('llama2', { llama2_format: 'ollama' }, completions),
    gemini: of('gemini'),
    'gemini-account': of(
      'gemini',
      {},
      {
        auth: { gcp_use_service_account: true, gcp_service_account_json: account },
      },
    ),
    bedrock: of(
      'bedrock',
      { bedrock: { aws_region: 'eu-west-1' } },
      {
        auth: { aws_access_key_id: 'id', aws_secret_access_key: 'secret' },
      },
    ),
    huggingface: of('huggingface', { huggingface: { use_cache: true } }),
    'huggingface-completions': of('huggingface', {}, completions),
    preserve: of('openai', {}, { route_type: 'preserve' }),
    always: of('openai', {}, { response_streaming: 'always' }),
    deny: of('openai', {}, { response_streaming: 'deny' }),
    unnamed: { auth: AUTH, model: { provider: 'openai', options: { upstream_url: `${url}/m` } } },
    silent: of('openai', {}, { model_name_header: false }),
    costly: of(
      'openai',
      { input_cost: 2, output_cost: 4 },
      {
        auth: { ...AUTH, param_name: 'key', param_value: 'a secret', param_location: 'body' },
        logging: { log_statistics: true, log_payloads: true },
      },
    ),
    'costly-stream': of(
      'anthropic',
      { anthropic_version: '1' },
      {
        logging: { log_statistics: true, log_payloads: true },
      },
    ),
    overridable: of('openai', {}, { auth: { ...AUTH, allow_override: true } }),
    'by-query': of(
      'openai',
      {},
      {
        auth: { param_name: 'key', param_value: 'a b', param_location: 'query' },
      },
    ),
    'by-body': of(
      'openai',
      {},
      {
        auth: { param_name: 'key', param_value: 'a b', param_location: 'body' },
      },
    ),
    templated: {
      auth: AUTH,
      model: {
        provider: 'openai',
        name: '$(headers.x-model)',
        options: { upstream_url: 'http://$(headers.x-url)' },
      },
    },
    nowhere: of('openai', { upstream_url: 'http://$(headers.x-model)' }),
  }
}

beforeAll(async () => {
  model = await startUpstream((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      if (request.url === '/token') {
        response.end(JSON.stringify({ access_token: `of ${text.length > 300}`, expires_in: 3600 }))
        return
      }
      asked = {
        path: request.url!,
        headers: request.headers,
        text,
        body: text.startsWith('{') ? (JSON.parse(text) as Record<string, unknown>) : {},
      }
      const { status = 200, headers = { 'Content-Type': 'application/json' }, body } = reply
      response.writeHead(status, headers)
      // Each piece in a packet of its own.
      const send = (index: number): void => {
        const piece = body[index]
        if (piece === undefined) response.end()
        else response.write(piece, () => setImmediate(send, index + 1))
      }
      send(0)
    })
  })
  const all = configs(model.url)
  const entities = {
    _format_version: '3.0',
    services: [
      {
        name: 'model',
        url: 'http://127.0.0.1:1',
        retries: 0,
        routes: Object.entries(all).map(([name, config]) => ({
          name,
          paths: [`/${name}`],
          plugins: [
            {
              name: 'ai-proxy',
              config: { route_type: 'llm/v1/chat', ...config },
            },
          ],
        })),
      },
    ],
    plugins: [{ name: 'file-log', config: { path: logFile, reopen: true } }],
  }
  // One worker: each has tokens of its own.
  gateway = await startGateway(entities, { nginx_worker_processes: '1' })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await model[Symbol.asyncDispose]()
})

interface Given {
  readonly headers?: Record<string, string>
  readonly answer?: unknown
  readonly reply?: Partial<Reply>
}

async function ask(route: string, body: unknown, given: Given = {}) {
  reply = { body: [JSON.stringify(given.answer ?? {})], ...given.reply }
  const text = typeof body === 'string' ? body : JSON.stringify(body)
  return send(route, text, given.headers)
}

/** Not `fetch`, which decodes and sets headers of its own. */
function send(route: string, body: string, headers: Record<string, string> = {}) {
  return new Promise<{
    status: number
    headers: http.IncomingHttpHeaders
    bytes: Buffer
    text: string
  }>((resolve, reject) => {
    const request = http.request(`${gateway.url}/${route}`, {
      method: 'POST',
      agent: false,
      headers: { 'Content-Type': 'application/json', ...headers },
    })
    request.on('error', reject)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('end', () => {
        const bytes = Buffer.concat(chunks)
        const { statusCode = 0 } = response
        resolve({ status: statusCode, headers: response.headers, bytes, text: bytes.toString() })
      })
    })
    request.end(body)
  })
}

const said = (content: string, model = 'openai-1') => ({
  model,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 },
})
const wrote = (text: string) => ({ object: 'text_completion', choices: [{ index: 0, text }] })
const ollama = { model: 'x', created_at: 'now', prompt_eval_count: 3, eval_count: 5, done: true }

describe('ai-proxy › requests and answers', () => {
  it.each([
    [
      'openai',
      CHAT,
      { ...CHAT, model: 'openai-1', stream: false, max_tokens: 256, temperature: 0.5 },
    ],
    [
      'openai-completions',
      PROMPT,
      { ...PROMPT, model: 'openai-1', stream: false, max_tokens: 256 },
    ],
    ['azure', CHAT, { ...CHAT, model: 'azure-1', stream: false, max_tokens: 256 }],
    [
      'anthropic',
      CHAT,
      {
        messages: [CHAT.messages[1]],
        system: 'Be short.',
        model: 'anthropic-1',
        stream: false,
        max_tokens: 256,
      },
    ],
    [
      'anthropic-completions',
      PROMPT,
      {
        prompt: 'Human: Why?\n\nAssistant:',
        model: 'anthropic-1',
        stream: false,
        max_tokens_to_sample: 256,
      },
    ],
    [
      'cohere',
      CHAT,
      {
        chat_history: [{ role: 'USER', message: 'Be short.' }],
        message: 'Why?',
        model: 'cohere-1',
        stream: false,
        max_tokens: 256,
        p: 0.5,
      },
    ],
    [
      'cohere-completions',
      PROMPT,
      { ...PROMPT, model: 'cohere-1', stream: false, max_tokens: 256 },
    ],
    ['mistral', CHAT, { ...CHAT, model: 'mistral-1', stream: false, max_tokens: 256 }],
    [
      'mistral-ollama',
      CHAT,
      { ...CHAT, model: 'mistral-1', stream: false, options: { num_predict: 256 } },
    ],
    [
      'llama2-raw',
      {
        messages: [
          ...CHAT.messages,
          { role: 'system', content: 'So.' },
          { role: 'user', content: 'Ah?' },
        ],
      },
      {
        inputs: '<s>[INST] <<SYS>> Be short. <</SYS>> Why? [/INST] So. </s> <s>[INST] Ah? [/INST]',
        parameters: { max_new_tokens: 256, top_p: 1, top_k: 40 },
      },
    ],
    [
      'llama2-raw-completions',
      PROMPT,
      {
        inputs: '<s> [INST] <<SYS>> You are a helpful assistant. <<SYS>> Why? [/INST]',
        parameters: { max_new_tokens: 256, top_p: 1, top_k: 40 },
      },
    ],
    [
      'llama2-ollama-completions',
      PROMPT,
      { ...PROMPT, model: 'llama2-1', stream: false, options: { num_predict: 256 } },
    ],
    [
      'gemini',
      { messages: [...CHAT.messages, { role: 'assistant', content: 'So.' }], stop: ['x'] },
      {
        systemInstruction: { parts: [{ text: 'Be short.' }] },
        contents: [
          { role: 'user', parts: [{ text: 'Why?' }] },
          { role: 'model', parts: [{ text: 'So.' }] },
        ],
        generationConfig: { maxOutputTokens: 256, stopSequences: ['x'] },
      },
    ],
    [
      'bedrock',
      CHAT,
      {
        anthropic_version: 'bedrock-2023-05-31',
        system: [{ text: 'Be short.' }],
        messages: [{ role: 'user', content: [{ text: 'Why?' }] }],
        inferenceConfig: { maxTokens: 256 },
      },
    ],
    [
      'huggingface',
      CHAT,
      {
        ...CHAT,
        model: 'huggingface-1',
        options: { use_cache: true, wait_for_model: false },
        parameters: { max_length: 256 },
      },
    ],
    [
      'huggingface-completions',
      PROMPT,
      {
        inputs: 'Why?',
        model: 'huggingface-1',
        options: { use_cache: false, wait_for_model: false },
        parameters: { max_new_tokens: 256 },
      },
    ],
  ])('asks %s in its own form', async (route, body, wanted) => {
    await ask(route, body)
    expect(asked.body).toEqual(wanted)
    expect(asked.path.split('?')[0]).toBe(route === 'huggingface' ? '/m/v1/chat/completions' : '/m')
    if (route !== 'bedrock') expect(asked.headers.authorization).toBe('Bearer key')
    expect(asked.headers['content-type']).toBe('application/json')
    expect(asked.headers.host).toBe(`127.0.0.1:${model.port}`)
  })

  const usage = { prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 }
  it.each([
    ['openai', CHAT, said('So.'), said('So.')],
    ['openai-completions', PROMPT, wrote('So.'), wrote('So.')],
    [
      'anthropic',
      CHAT,
      {
        content: [
          { type: 'text', text: 'So' },
          { type: 'text', text: 'what?' },
          { type: 'tool_use', id: 't', name: 'look', input: { at: 1 } },
        ],
        stop_reason: 'end_turn',
        model: 'claude',
        usage: { input_tokens: 3, output_tokens: 5 },
      },
      {
        model: 'claude',
        object: 'chat.completion',
        choices: [
          {
            index: 0,
            message: {
              role: 'assistant',
              content: 'So\nwhat?',
              tool_calls: [
                { id: 't', type: 'function', function: { name: 'look', arguments: '{"at":1}' } },
              ],
            },
            finish_reason: 'end_turn',
          },
        ],
        usage,
      },
    ],
    [
      'anthropic-completions',
      PROMPT,
      { completion: 'So.', stop_reason: 'stop_sequence', model: 'claude' },
      {
        model: 'claude',
        object: 'text_completion',
        choices: [{ index: 0, text: 'So.', finish_reason: 'stop_sequence' }],
      },
    ],
    [
      'cohere',
      CHAT,
      {
        text: 'So.',
        generation_id: 'g',
        meta: { billed_units: { input_tokens: 3, output_tokens: 5 } },
      },
      { ...said('So.', 'cohere-1'), id: 'g' },
    ],
    [
      'cohere-completions',
      PROMPT,
      {
        id: 'g',
        prompt: 'Why?',
        generations: [{ text: 'So.' }, { text: 'Ah.' }],
        meta: { billed_units: { input_tokens: 3, output_tokens: 5 } },
      },
      {
        id: 'g',
        model: 'cohere-1',
        object: 'text_completion',
        choices: [
          { index: 0, text: 'So.', finish_reason: 'stop' },
          { index: 1, text: 'Ah.', finish_reason: 'stop' },
        ],
        usage,
      },
    ],
    [
      'mistral-ollama',
      CHAT,
      { ...ollama, message: { role: 'assistant', content: 'So.' } },
      { ...said('So.', 'x'), created: 'now' },
    ],
    [
      'llama2-raw',
      CHAT,
      { data: [{ generated_text: '<s>[INST] Why? [/INST]  So. ' }], usage: { total_tokens: 8 } },
      {
        object: 'chat.completion',
        choices: [{ index: 0, message: { role: 'assistant', content: 'So.' } }],
        usage: { total_tokens: 8 },
      },
    ],
    ['llama2-raw-completions', PROMPT, { data: [{ generated_text: 'So.' }] }, wrote('So.')],
    ['llama2-openai', CHAT, said('So.'), said('So.')],
    [
      'llama2-ollama-completions',
      PROMPT,
      { ...ollama, response: 'So.' },
      { ...wrote('So.'), model: 'x', created: 'now', usage },
    ],
    [
      'gemini',
      CHAT,
      {
        candidates: [{ content: { parts: [{ text: 'So.' }] }, finishReason: 'STOP' }],
        usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 },
      },
      said('So.', 'gemini-1'),
    ],
    [
      'bedrock',
      CHAT,
      {
        output: { message: { content: [{ text: 'So.' }] } },
        stopReason: 'STOP',
        usage: { inputTokens: 3, outputTokens: 5, totalTokens: 8 },
      },
      said('So.', 'bedrock-1'),
    ],
    [
      'huggingface-completions',
      PROMPT,
      [{ generated_text: 'So.' }],
      {
        model: 'huggingface-1',
        object: 'llm/v1/completions',
        choices: [{ message: { content: 'So.' }, index: 0, finish_reason: 'complete' }],
        usage: {},
      },
    ],
  ])('answers what %s says in OpenAI’s form', async (route, body, answer, wanted) => {
    const { status, headers, text } = await ask(route, body, { answer })
    expect(status).toBe(200)
    expect(JSON.parse(text)).toEqual(wanted)
    const provider = route.split('-')[0]
    expect(headers['x-kong-llm-model']).toBe(`${provider}/${provider}-1`)
    expect(headers['x-kong-upstream-latency']).toMatch(/^\d+$/)
  })

  it.each([
    [
      'openai',
      {},
      "transformation failed from type openai://llm/v1/chat: 'choices' not in llm/v1/chat response",
    ],
    [
      'anthropic',
      { error: 1 },
      "transformation failed from type anthropic://llm/v1/chat: 'content' not in anthropic://llm/v1/chat response",
    ],
    [
      'gemini',
      { candidates: [] },
      'transformation failed from type gemini://llm/v1/chat: no generation candidates received from Gemini, or max_tokens too short',
    ],
    [
      'huggingface',
      { error: 'loading' },
      'transformation failed from type huggingface://llm/v1/chat: API error: loading',
    ],
  ])('answers 500 when %s answers %j', async (route, answer, message) => {
    const { status, text } = await ask(route, CHAT, { answer })
    expect([status, text]).toEqual([500, JSON.stringify({ error: { message } })])
  })

  it('answers 500 to an answer that is no JSON', async () => {
    const { status, text } = await ask('openai', CHAT, {
      reply: { headers: { 'Content-Type': 'text/html' }, body: ['<h1>Hello</h1>'] },
    })
    expect([status, text]).toEqual([
      500,
      '{"error":{"message":"no response body found when transforming response"}}',
    ])
  })

  it('passes failures of the model’s service on as they are', async () => {
    const { status, headers, text } = await ask('anthropic', CHAT, {
      reply: { status: 429, headers: { 'Retry-After': '3' }, body: ['{"error":"later"}'] },
    })
    expect([status, text, headers['retry-after']]).toEqual([429, '{"error":"later"}', '3'])
    expect(headers).not.toHaveProperty('x-kong-llm-model')
  })

  it('unpacks an answer, and packs it for clients that take it so', async () => {
    const packed = {
      headers: {
        'Content-Type': 'application/json',
        'Content-Encoding': 'gzip',
        'Set-Cookie': 'a=b',
      },
      body: [gzipSync(JSON.stringify(said('So.')))],
    }
    const plain = await ask('openai', CHAT, { reply: packed })
    expect(asked.headers['accept-encoding']).toBe('gzip, identity')
    expect(plain.headers).not.toHaveProperty('content-encoding')
    expect(plain.headers).not.toHaveProperty('set-cookie')
    expect(JSON.parse(plain.text)).toEqual(said('So.'))
    const zipped = await ask('openai', CHAT, {
      reply: packed,
      headers: { 'Accept-Encoding': 'br, gzip' },
    })
    expect(zipped.headers['content-encoding']).toBe('gzip')
    expect(JSON.parse(gunzipSync(zipped.bytes).toString())).toEqual(said('So.'))
  })

  it('translates calls of tools for Anthropic', async () => {
    const call = { id: 't', type: 'function', function: { name: 'look', arguments: '{"at":1}' } }
    await ask('anthropic', {
      messages: [
        CHAT.messages[1],
        { role: 'assistant', tool_calls: [call] },
        { role: 'tool', tool_call_id: 't', content: 'a tree' },
      ],
      tools: [{ type: 'function', function: { name: 'look', parameters: { type: 'object' } } }],
    })
    expect(asked.body).toMatchObject({
      messages: [
        CHAT.messages[1],
        {
          role: 'assistant',
          content: [{ type: 'tool_use', id: 't', name: 'look', input: { at: 1 } }],
        },
        {
          role: 'user',
          content: [{ type: 'tool_result', tool_use_id: 't', content: 'a tree' }],
        },
      ],
      tools: [{ name: 'look', input_schema: { type: 'object' } }],
    })
  })

  it('neither looks at nor changes what it is told to preserve', async () => {
    const body = '{"messages": [ {"role":"user","content":"Why?"} ], "x":1}'
    const { text, headers } = await ask('preserve', body, { reply: { body: ['{"own": true}'] } })
    expect([asked.text, asked.path, text]).toEqual([body, '/preserve', '{"own": true}'])
    expect(headers['x-kong-llm-model']).toBe('openai/openai-1')
  })

  it('does not name the model where it is told so, but to who debugs', async () => {
    const { headers } = await ask('silent', CHAT, { answer: said('So.') })
    expect(headers).not.toHaveProperty('x-kong-llm-model')
    const debug = await ask('silent', CHAT, { answer: said('So.'), headers: { 'Kong-Debug': '1' } })
    expect(debug.headers['x-kong-llm-model']).toBe('openai/openai-1')
  })
})

describe('ai-proxy › who asks', () => {
  it('lets a client bring its own key only where that is allowed', async () => {
    const headers = { Authorization: 'Bearer mine' }
    await ask('openai', CHAT, { headers })
    expect(asked.headers.authorization).toBe('Bearer key')
    await ask('overridable', CHAT, { headers })
    expect(asked.headers.authorization).toBe('Bearer mine')
  })

  it('proves it by a parameter of query or body', async () => {
    await ask('by-query?a=1&key=mine', CHAT)
    expect(asked.path).toBe('/m?a=1&key=a%20b')
    await ask('by-body', { ...CHAT, key: 'mine' })
    expect(asked.body).toMatchObject({ key: 'a b' })
  })

  it('tells Azure a version, unless the client does', async () => {
    await ask('azure?a=1', CHAT)
    expect(asked.path).toBe('/m?a=1&api-version=2023-05-15')
    await ask('azure?api-version=mine', CHAT)
    expect(asked.path).toBe('/m?api-version=mine')
  })

  it('gets a token for a service account of Google’s, once', async () => {
    await ask('gemini-account', CHAT)
    expect(asked.headers.authorization).toBe('Bearer of true')
    const before = model.requests.filter((line) => line === 'POST /token').length
    await ask('gemini-account', CHAT)
    expect(model.requests.filter((line) => line === 'POST /token')).toHaveLength(before)
  })

  it('signs requests to Amazon', async () => {
    await ask('bedrock', CHAT)
    expect(asked.headers.authorization).toMatch(
      /^AWS4-HMAC-SHA256 Credential=id\/\d{8}\/eu-west-1\/bedrock\/aws4_request, SignedHeaders=host;x-amz-date, Signature=[0-9a-f]{64}$/,
    )
    expect(asked.headers['x-amz-date']).toMatch(/^\d{8}T\d{6}Z$/)
  })
})

describe('ai-proxy › refusals', () => {
  const json = 'content-type header does not match request body, or bad JSON formatting'
  it.each([
    ['openai', 'hello', json],
    ['openai', '[]', json],
    ['openai', { messages: [] }, "request body doesn't contain valid prompts"],
    ['openai', { prompt: 1 }, "request body doesn't contain valid prompts"],
    ['openai', { ...CHAT, ...PROMPT }, 'request matches multiple LLM request formats'],
    [
      'openai',
      PROMPT,
      '[llm/v1/completions] message format is not compatible with [llm/v1/chat] route type',
    ],
    [
      'openai-completions',
      CHAT,
      '[llm/v1/chat] message format is not compatible with [llm/v1/completions] route type',
    ],
    ['openai', { ...CHAT, model: 'other' }, 'cannot use own model - must be: openai-1'],
    ['unnamed', CHAT, 'model parameter not found in request, nor in gateway configuration'],
    ['unnamed', { ...CHAT, model: '../../v2/x' }, 'model parameter is not the name of a model'],
    ['unnamed', { ...CHAT, model: 'a/%2E%2e/b' }, 'model parameter is not the name of a model'],
    ['deny', { ...CHAT, stream: true }, 'response streaming is not enabled for this LLM'],
    ['templated', CHAT, "'headers', key 'x-model' was not provided"],
    ['openai', { ...CHAT, x: 'x'.repeat(9000) }, json],
  ])('of %s are told to the client', async (route, body, message) => {
    const { status, text } = await ask(route, body)
    expect([status, text]).toEqual([400, JSON.stringify({ error: { message } })])
  })

  it('come for what is not said to be JSON', async () => {
    const { status, text } = await ask('openai', CHAT, {
      headers: { 'Content-Type': 'text/plain' },
    })
    expect([status, text]).toEqual([400, JSON.stringify({ error: { message: json } })])
  })

  it('do not come for the model that is configured, or where the client chooses', async () => {
    await ask('openai', { ...CHAT, model: 'openai-1' })
    expect(asked.body).toMatchObject({ model: 'openai-1' })
    await ask('unnamed', { ...CHAT, model: 'mine' })
    expect(asked.body).toMatchObject({ model: 'mine' })
  })

  it('answers 500 where a request leads to no URL, and tells the log why', async () => {
    const { status, text } = await ask('nowhere', CHAT, { headers: { 'X-Model': '%zz' } })
    expect([status, text]).toEqual([500, ''])
    await expect
      .poll(() => gateway.errorLog(), { interval: 10 })
      .toContain('ai-proxy: cannot tell where the model is')
  })

  it('takes model and URL from the request where it is told to', async () => {
    const { headers } = await ask('templated', CHAT, {
      answer: said('So.'),
      headers: { 'X-Model': 'chosen', 'X-Url': `${model.url}/here` },
    })
    expect([asked.path, asked.body['model']]).toEqual(['/here', 'chosen'])
    expect(headers['x-kong-llm-model']).toBe('openai/chosen')
  })
})

/** A message of an Amazon event stream. */
function amazonMessage(type: string, payload: unknown): Buffer {
  const value = Buffer.from(type)
  const name = Buffer.from(':event-type')
  const header = Buffer.concat([
    Buffer.from([1]),
    Buffer.from('b'),
    Buffer.from([0]),
    Buffer.from([name.length]),
    name,
    Buffer.from([7, 0, value.length]),
    value,
  ])
  const body = Buffer.from(JSON.stringify(payload))
  const message = Buffer.alloc(16 + header.length + body.length)
  message.writeUInt32BE(message.length, 0)
  message.writeUInt32BE(header.length, 4)
  message.writeUInt32BE(crc32(message.subarray(0, 8)), 8)
  header.copy(message, 12)
  body.copy(message, 12 + header.length)
  message.writeUInt32BE(crc32(message.subarray(0, message.length - 4)), message.length - 4)
  return message
}

/** Cut where it hurts most: in the middle of everything. */
function inPieces(bytes: Buffer, size = 7): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, index) =>
    bytes.subarray(index * size, (index + 1) * size),
  )
}

const events = (...parts: (readonly [string, unknown])[]) =>
  parts.map(([event, data]) => `event: ${event}\r\ndata: ${JSON.stringify(data)}\r\n\r\n`).join('')

function dataOf(text: string): unknown[] {
  expect(text.endsWith('\n\n')).toBe(true)
  return text
    .slice(0, -2)
    .split('\n\n')
    .map((event) => {
      expect(event.startsWith('data: ')).toBe(true)
      const data = event.slice(6)
      return data === '[DONE]' ? data : (JSON.parse(data) as unknown)
    })
}

const deltas = (text: string) =>
  dataOf(text).map((data) => {
    if (typeof data === 'string') return data
    const [choice] = (data as { choices: { delta?: { content?: string }; text?: string }[] })
      .choices
    return choice!.delta?.content ?? choice!.text ?? null
  })

describe('ai-proxy › streams', () => {
  const ANTHROPIC = events(
    [
      'message_start',
      { message: { id: 'm', role: 'assistant', usage: { input_tokens: 3, output_tokens: 1 } } },
    ],
    ['content_block_start', { content_block: { type: 'text', text: '' } }],
    ['ping', {}],
    ['content_block_delta', { delta: { type: 'text_delta', text: 'Hé' } }],
    ['content_block_delta', { delta: { type: 'text_delta', text: '!' } }],
    ['message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 4 } }],
    ['message_stop', {}],
  )
  const SSE = 'text/event-stream; charset=utf-8'
  const lines = (...values: unknown[]) =>
    values.map((value) => `${JSON.stringify(value)}\n`).join('')

  it.each([
    [
      'openai',
      CHAT,
      SSE,
      Buffer.from(': hi\n\ndata: {"choices":[{"delta":{"content":"Hé"}}]}\n\ndata: [DONE]\n\n'),
      ['Hé', '[DONE]'],
    ],
    [
      'openai-completions',
      PROMPT,
      SSE,
      Buffer.from('data: {"choices":[{"text":"Hé"}]}\n\ndata: [DONE]'),
      ['Hé', '[DONE]'],
    ],
    ['anthropic', CHAT, SSE, Buffer.from(ANTHROPIC), ['', '', 'Hé', '!', '[DONE]']],
    [
      'cohere',
      CHAT,
      'application/stream+json',
      Buffer.from(
        lines(
          { event_type: 'stream-start', generation_id: 'g' },
          { event_type: 'text-generation', text: 'Hé' },
          { event_type: 'text-generation', text: '{"}' },
          {
            event_type: 'stream-end',
            response: { token_count: { prompt_tokens: 3, response_tokens: 5 } },
          },
        ),
      ),
      ['', 'Hé', '{"}', '[DONE]'],
    ],
    [
      'llama2-ollama',
      CHAT,
      'application/x-ndjson',
      Buffer.from(lines({ message: { content: 'Hé' } }, ollama)),
      ['Hé', '[DONE]'],
    ],
    [
      'llama2-ollama-completions',
      PROMPT,
      'application/x-ndjson',
      Buffer.from(lines({ response: 'Hé' }, ollama)),
      ['Hé', '[DONE]'],
    ],
    [
      'gemini',
      CHAT,
      'application/json',
      Buffer.from(
        JSON.stringify(
          ['Hé', '"}]'].map((text) => ({ candidates: [{ content: { parts: [{ text }] } }] })),
          undefined,
          1,
        ),
      ),
      ['Hé', '"}]', '[DONE]'],
    ],
    [
      'bedrock',
      CHAT,
      'application/vnd.amazon.eventstream',
      Buffer.concat([
        amazonMessage('messageStart', { role: 'assistant' }),
        amazonMessage('contentBlockDelta', { delta: { text: 'Hé' } }),
        amazonMessage('contentBlockStop', {}),
        amazonMessage('messageStop', { stopReason: 'end_turn' }),
        amazonMessage('metadata', { usage: { inputTokens: 3, outputTokens: 5 } }),
      ]),
      ['', 'Hé', null, '[DONE]'],
    ],
    [
      'huggingface',
      CHAT,
      SSE,
      Buffer.from('data:{"choices":[{"delta":{"content":"Hé"}}]}\n\ndata: [DONE]\n\n'),
      ['Hé', '[DONE]'],
    ],
    [
      'huggingface-completions',
      PROMPT,
      SSE,
      Buffer.from('data:{"token":{"text":"Hé"}}\n\n'),
      ['Hé'],
    ],
  ])('of %s come as events in OpenAI’s form', async (route, body, type, bytes, wanted) => {
    for (const body_ of [[bytes], inPieces(bytes), inPieces(bytes, 1)]) {
      const { status, headers, text } = await ask(
        route,
        { ...body, stream: true },
        {
          reply: { headers: { 'Content-Type': type }, body: body_ },
        },
      )
      expect([status, headers['content-type']]).toEqual([200, 'text/event-stream'])
      expect(deltas(text)).toEqual(wanted)
    }
    expect(asked.headers['accept-encoding']).toBe('identity')
  })

  it('name model and message in every event', async () => {
    const { text, headers } = await ask(
      'anthropic',
      { ...CHAT, stream: true },
      {
        reply: { headers: { 'Content-Type': SSE }, body: [ANTHROPIC] },
      },
    )
    expect(headers['x-kong-llm-model']).toBe('anthropic/anthropic-1')
    for (const data of dataOf(text).slice(0, -1))
      expect(data).toMatchObject({ id: 'm', model: 'anthropic-1', object: 'chat.completion.chunk' })
  })

  it('are asked for always where that is configured', async () => {
    const { headers } = await ask('always', CHAT, {
      reply: { headers: { 'Content-Type': SSE }, body: ['data: [DONE]\n\n'] },
    })
    expect(asked.body).toMatchObject({ stream: true })
    expect(headers['content-type']).toBe('text/event-stream')
  })

  it('that are compressed against the gateway’s wish are read all the same', async () => {
    const bytes = gzipSync('data: {"choices":[{"delta":{"content":"Hé"}}]}\n\n')
    const { text, headers } = await ask(
      'openai',
      { ...CHAT, stream: true },
      {
        reply: {
          headers: { 'Content-Type': SSE, 'Content-Encoding': 'gzip' },
          body: inPieces(bytes),
        },
      },
    )
    expect(headers).not.toHaveProperty('content-encoding')
    expect(deltas(text)).toEqual(['Hé'])
  })

  it('of a type that is none end with an error event', async () => {
    const { text } = await ask(
      'openai',
      { ...CHAT, stream: true },
      {
        reply: { headers: { 'Content-Type': 'text/html' }, body: ['<h1>', '</h1>'] },
      },
    )
    expect(text).toBe(
      'data: {"error": true, "message": "empty or unsupported transformer response"}',
    )
  })

  it('break off when Amazon’s are damaged', async () => {
    const bytes = amazonMessage('messageStart', { role: 'assistant' })
    bytes[20]! ^= 1
    await expect(
      ask(
        'bedrock',
        { ...CHAT, stream: true },
        {
          reply: {
            headers: { 'Content-Type': 'application/vnd.amazon.eventstream' },
            body: [bytes],
          },
        },
      ),
    ).rejects.toThrow(/aborted|hang up|ECONNRESET/)
  })

  it('that fail are passed on as they are', async () => {
    const { status, text, headers } = await ask(
      'openai',
      { ...CHAT, stream: true },
      {
        reply: { status: 401, body: ['{"error":"who?"}'] },
      },
    )
    expect([status, text]).toEqual([401, '{"error":"who?"}'])
    expect(headers['content-type']).toBe('application/json')
  })
})

async function lastEntry(isWanted: (entry: { ai?: unknown }) => boolean) {
  let found: Record<string, never> | undefined
  await expect
    .poll(
      async () => {
        const text = await readFile(logFile, 'utf8').catch(() => '')
        const entries = text.split('\n').filter((line) => line.endsWith('}'))
        const parsed = entries.map((line) => JSON.parse(line) as Record<string, never>)
        found = parsed.findLast(isWanted)
        return found !== undefined
      },
      { interval: 10 },
    )
    .toBe(true)
  return (found as unknown as { ai: { proxy: Record<string, Record<string, unknown>> } }).ai.proxy
}

describe('ai-proxy › logs', () => {
  it('have tokens, cost, times and what was said', async () => {
    await ask('costly', { ...CHAT, x: 'whole' }, { answer: said('So.', 'gpt') })
    const { meta, usage, payload } = await lastEntry((entry) =>
      JSON.stringify(entry).includes('whole'),
    )
    expect(meta).toMatchObject({
      plugin_id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      provider_name: 'openai',
      request_model: 'openai-1',
      response_model: 'gpt',
      llm_latency: expect.any(Number),
    })
    expect(usage).toEqual({
      prompt_tokens: 3,
      completion_tokens: 5,
      total_tokens: 8,
      cost: (3 * 2 + 5 * 4) / 1_000_000,
      time_per_token: Number(meta!['llm_latency']) / 5,
    })
    expect(asked.body).toMatchObject({ x: 'whole', key: 'a secret' })
    expect(JSON.parse(String(payload!['request']))).toMatchObject({ model: 'openai-1', x: 'whole' })
    expect(payload!['request']).not.toContain('a secret')
    expect(JSON.parse(String(payload!['response']))).toEqual(said('So.', 'gpt'))
  })

  it('guess tokens where nobody tells them', async () => {
    await ask(
      'costly',
      { ...CHAT, x: 'guessed' },
      {
        answer: { choices: [{ message: { content: 'one two three' } }] },
      },
    )
    const { usage } = await lastEntry((entry) => JSON.stringify(entry).includes('guessed'))
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 3, total_tokens: 6 })
  })

  it('have what a stream amounts to', async () => {
    const body = events(
      ['message_start', { message: { id: 'm', usage: { input_tokens: 3, output_tokens: 1 } } }],
      ['content_block_delta', { delta: { text: 'streamed ' } }],
      ['content_block_delta', { delta: { text: 'answer' } }],
      ['message_delta', { usage: { output_tokens: 4 } }],
      ['message_stop', {}],
    )
    await ask(
      'costly-stream',
      { ...CHAT, stream: true },
      {
        reply: { headers: { 'Content-Type': 'text/event-stream' }, body: [body] },
      },
    )
    const { usage, payload } = await lastEntry((entry) =>
      JSON.stringify(entry).includes('streamed answer'),
    )
    expect(usage).toMatchObject({ prompt_tokens: 3, completion_tokens: 5, total_tokens: 8 })
    expect(JSON.parse(String(payload!['response']))).toMatchObject({
      choices: [{ message: { role: 'assistant', content: 'streamed answer' } }],
    })
  })

  it('have nothing of it where that is not wanted', async () => {
    await ask('openai', CHAT, { answer: said('So.'), headers: { 'X-Mark': 'quiet-one' } })
    await expect
      .poll(async () => (await readFile(logFile, 'utf8')).includes('quiet-one'))
      .toBe(true)
    const line = (await readFile(logFile, 'utf8'))
      .split('\n')
      .find((each) => each.includes('quiet-one'))
    expect(JSON.parse(line!)).not.toHaveProperty('ai')
  })
})
