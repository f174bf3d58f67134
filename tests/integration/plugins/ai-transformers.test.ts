import type http from 'node:http'
import { gzipSync } from 'node:zlib'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { startGateway, type TestGateway } from '../../support/start-gateway.ts'
import { startUpstream, type TestUpstream } from '../../support/start-upstream.ts'

interface Asked {
  readonly path: string
  readonly headers: http.IncomingHttpHeaders
  readonly text: string
}

interface Reply {
  readonly status?: number
  readonly headers?: http.OutgoingHttpHeaders
  readonly body: string | Buffer
}

/** A server that keeps what it was asked last and answers what it is told. */
async function startPeer(first: Reply) {
  const peer = { reply: first, asked: undefined as Asked | undefined }
  const server: TestUpstream = await startUpstream((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString()
      peer.asked = { path: request.url!, headers: request.headers, text }
      const { status = 200, headers = {}, body } = peer.reply
      response.writeHead(status, headers).end(body)
    })
  })
  return { peer, server }
}

let model: Awaited<ReturnType<typeof startPeer>>
let upstream: Awaited<ReturnType<typeof startPeer>>
let gateway: TestGateway

const says = (content: unknown): Reply => ({
  body: JSON.stringify({ choices: [{ message: { role: 'assistant', content } }] }),
})

function llmOf(url: string, provider = 'openai', options: object = {}, more: object = {}) {
  return {
    route_type: 'llm/v1/chat',
    auth: { header_name: 'Authorization', header_value: 'Bearer key' },
    model: { provider, name: 'm', options: { upstream_url: `${url}/ask`, ...options } },
    ...more,
  }
}

beforeAll(async () => {
  model = await startPeer(says('?'))
  upstream = await startPeer({ body: 'hello' })
  const { url } = model.server
  const prompt = 'Make it short.'
  const request = (config: object) => ({
    name: 'ai-request-transformer',
    config: { prompt, ...config },
  })
  const response = (config: object) => ({
    name: 'ai-response-transformer',
    config: { prompt, ...config },
  })
  const llm = llmOf(url)
  const instructed = { llm, parse_llm_response_json_instructions: true }
  const routes: Record<string, object[]> = {
    request: [request({ llm })],
    picked: [request({ llm, transformation_extract_pattern: '^\\{.*\\}$' })],
    'not-picked': [request({ llm, transformation_extract_pattern: '(' })],
    anthropic: [request({ llm: llmOf(url, 'anthropic', { anthropic_version: '1' }) })],
    gemini: [
      request({
        llm: llmOf(
          url,
          'gemini',
          {},
          {
            auth: { param_name: 'key', param_value: 'k', param_location: 'query' },
          },
        ),
      }),
    ],
    titan: [
      request({
        llm: {
          ...llmOf(
            url,
            'bedrock',
            { bedrock: { aws_region: 'eu-west-1' } },
            {
              auth: { aws_access_key_id: 'a', aws_secret_access_key: 'b' },
            },
          ),
          model: {
            provider: 'bedrock',
            name: 'amazon.titan-text',
            options: { upstream_url: `${url}/ask`, bedrock: { aws_region: 'eu-west-1' } },
          },
        },
      }),
    ],
    unproven: [
      request({
        llm: llmOf(
          url,
          'gemini',
          {},
          {
            auth: { gcp_use_service_account: true, gcp_service_account_json: '{}' },
          },
        ),
      }),
    ],
    gone: [request({ llm: llmOf('http://127.0.0.1:1') })],
    'by-proxy': [
      request({
        llm: llmOf('http://model.test'),
        http_proxy_host: '127.0.0.1',
        http_proxy_port: model.server.port,
      }),
    ],
    response: [response({ llm })],
    instructed: [response(instructed)],
    both: [request({ llm }), response({ llm })],
    chained: [response({ llm }), { name: 'ai-proxy', config: { ...llm, logging: {} } }],
  }
  gateway = await startGateway({
    _format_version: '3.0',
    services: [
      {
        name: 'hello',
        url: upstream.server.url,
        routes: Object.entries(routes).map(([name, plugins]) => ({
          name,
          paths: [`/${name}`],
          plugins,
        })),
      },
    ],
  })
})

afterAll(async () => {
  await gateway[Symbol.asyncDispose]()
  await model.server[Symbol.asyncDispose]()
  await upstream.server[Symbol.asyncDispose]()
})

async function send(route: string, body: string, reply: Reply = says('short')) {
  model.peer.reply = reply
  upstream.peer.asked = model.peer.asked = undefined
  const response = await fetch(`${gateway.url}/${route}`, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json' },
  })
  return { status: response.status, headers: response.headers, text: await response.text() }
}

const fault = (message: string) => JSON.stringify({ error: { message } })
const FAILED = 'failed to introspect request with AI service: '

describe('ai-request-transformer', () => {
  it('sends the upstream what the model makes of the body', async () => {
    const { status, text } = await send('request', '{"long": true}', says('{"short": true}'))
    expect([status, text, upstream.peer.asked?.text]).toEqual([200, 'hello', '{"short": true}'])
    const { path, headers, text: asked } = model.peer.asked!
    expect([path, headers.authorization, headers['content-type']]).toEqual([
      '/ask',
      'Bearer key',
      'application/json',
    ])
    expect(JSON.parse(asked)).toMatchObject({
      model: 'm',
      stream: false,
      messages: [
        { role: 'system', content: 'Make it short.' },
        { role: 'user', content: '{"long": true}' },
      ],
    })
  })

  it('takes what a pattern first matches, in any line', async () => {
    await send('picked', 'x', says('Sure:\n{"a":1}\n{"b":2}'))
    expect(upstream.peer.asked?.text).toBe('{"a":1}')
  })

  it('asks in the form of the provider', async () => {
    const reply = { body: JSON.stringify({ content: [{ text: 'short' }] }) }
    await send('anthropic', 'x', reply)
    expect(upstream.peer.asked?.text).toBe('short')
    expect(model.peer.asked?.headers['anthropic-version']).toBe('1')
    expect(JSON.parse(model.peer.asked!.text)).toMatchObject({ system: 'Make it short.' })
  })

  it('proves who asks by a parameter, or by a signature', async () => {
    await send('gemini', 'x', { body: '{"candidates":[{"content":{"parts":[{"text":"short"}]}}]}' })
    expect([model.peer.asked?.path, upstream.peer.asked?.text]).toEqual(['/ask?key=k', 'short'])
    await send('titan', 'x', { body: '{"output":{"message":{"content":[{"text":"short"}]}}}' })
    expect(model.peer.asked?.headers.authorization).toMatch(/^AWS4-HMAC-SHA256 /)
    expect(upstream.peer.asked?.text).toBe('short')
  })

  it('lets the user say what a model takes from no system', async () => {
    await send('titan', 'x', { body: '{"output":{"message":{"content":[{"text":"short"}]}}}' })
    expect((JSON.parse(model.peer.asked!.text) as { messages: unknown }).messages).toEqual([
      { role: 'user', content: [{ text: 'Make it short.' }] },
      { role: 'assistant', content: [{ text: 'What is the message?' }] },
      { role: 'user', content: [{ text: 'x' }] },
    ])
  })

  it('asks by way of a proxy', async () => {
    await send('by-proxy', 'x')
    expect(model.peer.asked?.path).toBe('http://model.test/ask')
    expect(upstream.peer.asked?.text).toBe('short')
  })

  it.each([
    ['request', { status: 503, body: '' }, `${FAILED}status code 503`],
    [
      'request',
      { body: '{}' },
      "failed to convert AI response to Kong format: transformation failed from type openai://llm/v1/chat: 'choices' not in llm/v1/chat response",
    ],
    ['request', { body: '{"choices":[]}' }, "no 'choices' in upstream AI service response"],
    ['picked', says('no'), 'AI response did not match specified regular expression'],
    [
      'gemini',
      { body: '{"candidates":[{"finishReason":"SAFETY"}]}' },
      'failed to convert AI response to Kong format: transformation failed from type gemini://llm/v1/chat: transformation generation candidate breached Gemini content safety',
    ],
  ])('of %s refuses a request when the model answers %j', async (route, reply, message) => {
    const { status, text } = await send(route, 'x', reply)
    expect([status, text]).toEqual([400, fault(message)])
    expect(upstream.peer.asked).toBeUndefined()
  })

  it('refuses a request when the model cannot be reached, or the pattern is none', async () => {
    const gone = await send('gone', 'x')
    expect(gone.status).toBe(400)
    expect(gone.text).toContain(`${FAILED}request to ai service failed: request failed: `)
    const unpicked = await send('not-picked', 'x')
    expect(unpicked.status).toBe(400)
    expect(unpicked.text).toContain('failed regex matching ai response: ')
  })

  it('answers 500 when nothing proves who asks', async () => {
    const { status, text } = await send('unproven', 'x')
    expect([status, text]).toEqual([500, 'LLM request failed before proxying'])
    expect(model.peer.asked).toBeUndefined()
  })

  it('refuses a body that it may not read whole', async () => {
    const { status, text } = await send('request', 'x'.repeat(20_000))
    expect([status, text]).toEqual([
      400,
      fault('the request body is longer than max_request_body_size'),
    ])
  })
})

describe('ai-response-transformer', () => {
  it('answers what the model makes of the response, with its status and headers', async () => {
    upstream.peer.reply = {
      status: 201,
      headers: { 'Content-Type': 'text/plain', 'X-Two': ['1', '2'], 'Content-Encoding': 'gzip' },
      body: gzipSync('a long response'),
    }
    const { status, headers, text } = await send('response', 'question')
    expect([status, text]).toEqual([201, 'short'])
    expect([
      headers.get('x-two'),
      headers.get('content-type'),
      headers.get('content-encoding'),
    ]).toEqual(['1, 2', expect.stringMatching(/^text\/plain/), null])
    expect(headers.get('content-length')).toBe('5')
    expect(upstream.peer.asked?.text).toBe('question')
    expect(JSON.parse(model.peer.asked!.text)).toMatchObject({
      messages: [{ role: 'system' }, { role: 'user', content: 'a long response' }],
    })
  })

  it('lets the model say status, headers and body', async () => {
    upstream.peer.reply = {
      headers: { 'X-Own': 'yes', 'Content-Type': 'text/plain' },
      body: 'hello',
    }
    const { status, headers, text } = await send(
      'instructed',
      'x',
      says(
        '{"status": 209, "headers": {"content-type": "text/made", "bad name": "x"}, "body": "made"}',
      ),
    )
    expect([status, text]).toEqual([209, 'made'])
    expect([headers.get('content-type'), headers.get('x-own')]).toEqual(['text/made', 'yes'])
  })

  it('takes an object that says nothing of it as the body', async () => {
    const { status, text } = await send('instructed', 'x', says('{"a": 1}'))
    expect([status, text]).toEqual([200, '{"a":1}'])
  })

  it.each(['made', '5', '{"status": 42}', '{"status": "ok"}'])(
    'answers 500 to instructions such as %s',
    async (content) => {
      const { status, text } = await send('instructed', 'x', says(content))
      expect(status).toBe(500)
      expect(text).toContain('failed to parse JSON response instructions from AI backend: ')
    },
  )

  it('refuses when the model fails', async () => {
    const { status, text } = await send('response', 'x', { status: 500, body: '' })
    expect([status, text]).toEqual([400, fault(`${FAILED}status code 500`)])
  })

  it('works beside the transformer of requests', async () => {
    const { text } = await send('both', 'x')
    expect([upstream.peer.asked?.text, text]).toEqual(['short', 'short'])
  })

  it('has the last word where another plugin asks a model too', async () => {
    const body = JSON.stringify({ messages: [{ role: 'user', content: 'Why?' }] })
    const { status, text } = await send('chained', body, says('so'))
    expect([status, text]).toEqual([200, 'so'])
    const asked = JSON.parse(model.peer.asked!.text) as { messages: { content: string }[] }
    expect(asked.messages[1]!.content).toBe(says('so').body)
  })
})
