import { describe, expect, it } from 'vitest'
import type { Route } from '../../entities/entity.ts'
import type { CallReply } from '../../plugin-kit/http-caller.ts'
import { fakeExchange, type FakeRequest } from '../../plugin-kit/testing/fake-exchange.ts'
import { configFaults, parsedConfig, testContext } from '../../plugin-kit/testing/test-plugin.ts'
import { emptyListsAsObjects } from './empty-lists.ts'
import { functionAnswer } from './function-answer.ts'
import { functionEvent } from './function-event.ts'
import { awsLambda } from './plugin.ts'
import { readRequestBody } from './request-body.ts'
import type { Config } from './schema.ts'

const configOf = (config: object): Config => parsedConfig(awsLambda, { ...config }) as never
const { node } = testContext(awsLambda)
const AT = Date.UTC(2026, 10, 27, 18, 59, 3)

async function eventOf(config: object, request: FakeRequest = {}) {
  const exchange = fakeExchange(request, { startedAtMs: AT, recordsDecisions: false })
  const parsed = configOf(config)
  const read = await readRequestBody(exchange, parsed, node)
  return JSON.parse(JSON.stringify(functionEvent(exchange, parsed, read))) as Record<
    string,
    unknown
  >
}

describe('aws-lambda › schema', () => {
  it.each([
    [
      { aws_key: 'k' },
      "all or none of these fields must be set: 'config.aws_key', 'config.aws_secret'",
    ],
    [{ proxy_url: 'https://proxy.test' }, 'proxy_url scheme must be http'],
    [{ unhandled_status: 99 }, 'config.unhandled_status: value should be between 100 and 999'],
    [
      { invocation_type: 'Later' },
      'config.invocation_type: expected one of: RequestResponse, Event, DryRun',
    ],
    [{ aws_region: 'no region' }, 'config.aws_region: invalid value: no region'],
    [{ empty_arrays_mode: 'x' }, 'config.empty_arrays_mode: expected one of: legacy, correct'],
    [
      { aws_imds_protocol_version: 'v3' },
      'config.aws_imds_protocol_version: expected one of: v1, v2',
    ],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(awsLambda, config)).toEqual([fault])
  })

  it('takes region and host together', () => {
    expect(configFaults(awsLambda, { aws_region: 'us-east-1', host: 'lambda.test' })).toEqual([])
  })
})

describe('aws-lambda › functionEvent', () => {
  const form = { 'content-type': 'application/x-www-form-urlencoded' }
  const json = { 'content-type': 'application/json' }

  it.each<readonly [string, FakeRequest, object]>([
    ['nothing', {}, {}],
    ['a query', { path: '/?a=1&b&c=1&c=2' }, { a: '1', b: true, c: ['1', '2'] }],
    [
      'a form over a query',
      { path: '/?a=1&b=2', method: 'POST', headers: form, body: 'a=3&d=4' },
      { a: '3', b: '2', d: '4' },
    ],
    [
      'JSON over a query',
      { path: '/?a=1', method: 'POST', headers: json, body: '{"a":{"x":[]},"e":null}' },
      { a: { x: [] }, e: null },
    ],
    [
      'a body without arguments',
      { path: '/?a=1', body: 'text', headers: { 'content-type': 'text/plain' } },
      { a: '1' },
    ],
  ])('is made of %s', async (_name, request, event) => {
    expect(await eventOf({}, request)).toEqual(event)
  })

  it('holds what is to be forwarded', async () => {
    const request = { method: 'PUT', path: '/a?b=1', headers: { 'X-One': '1' } }
    expect(await eventOf({ forward_request_method: true }, request)).toEqual({
      request_method: 'PUT',
    })
    expect(await eventOf({ forward_request_uri: true }, request)).toEqual({
      request_uri: '/a?b=1',
      request_uri_args: { b: '1' },
    })
    expect(await eventOf({ forward_request_headers: true }, request)).toEqual({
      request_headers: { host: 'gateway.test', 'x-one': '1' },
    })
  })

  it.each<readonly [string, FakeRequest, object]>([
    [
      'of a form',
      { headers: form, body: 'a=1' },
      { request_body: 'a=1', request_body_args: { a: '1' } },
    ],
    [
      'of JSON',
      { headers: json, body: '{"a":1}' },
      { request_body: '{"a":1}', request_body_args: { a: 1 } },
    ],
    ['of broken JSON', { headers: json, body: '{' }, { request_body: '{' }],
    [
      'that is a text',
      { headers: { 'content-type': 'text/xml' }, body: '<a/>' },
      { request_body: '<a/>', request_body_args: {} },
    ],
    [
      'of another type',
      { headers: { 'content-type': 'image/png' }, body: Buffer.from([137, 0]) },
      { request_body: 'iQA=', request_body_args: {}, request_body_base64: true },
    ],
    ['that is absent', {}, { request_body: '', request_body_args: {}, request_body_base64: true }],
  ])('holds a body %s', async (_name, request, event) => {
    expect(await eventOf({ forward_request_body: true }, request)).toEqual(event)
  })

  it('holds a body as it is where it is not to be encoded', async () => {
    const config = { forward_request_body: true, base64_encode_body: false }
    expect(await eventOf(config, { headers: { 'content-type': 'x/y' }, body: 'z' })).toEqual({
      request_body: 'z',
      request_body_args: {},
    })
  })

  it('holds a long body only if that is wanted', async () => {
    const request = { headers: json, body: JSON.stringify({ a: 'x'.repeat(9000) }) }
    expect(await eventOf({ forward_request_body: true }, request)).toEqual({})
    const config = { forward_request_body: true, skip_large_bodies: false }
    expect(await eventOf(config, request)).toEqual({ request_body: request.body })
  })

  it('is as of the API Gateway of Amazon', async () => {
    const route = { paths: ['/orders', '~/(?<id>\\d+)$'] } as unknown as Route
    const event = await eventOf(
      { awsgateway_compatible: true },
      {
        method: 'POST',
        path: '/orders/7?a=1&a=2&b',
        route,
        captures: { named: { id: '7' }, unnamed: ['/7', '7'] },
        headers: [
          ['Host', 'api.example.test'],
          ['User-Agent', 'curl'],
          ['X-Many', '1'],
          ['X-Many', '2'],
        ],
        body: 'hello',
      },
    )
    expect(event).toEqual({
      version: '1.0',
      resource: '/orders',
      path: '/orders/7',
      httpMethod: 'POST',
      headers: { host: 'api.example.test', 'user-agent': 'curl', 'x-many': '1' },
      multiValueHeaders: {
        host: ['api.example.test'],
        'user-agent': ['curl'],
        'x-many': ['1', '2'],
      },
      pathParameters: { id: '7' },
      queryStringParameters: { a: '1', b: true },
      multiValueQueryStringParameters: { a: ['1', '2'], b: [true] },
      body: 'aGVsbG8=',
      isBase64Encoded: true,
      requestContext: {
        path: '/orders/7',
        protocol: 'HTTP/1.1',
        httpMethod: 'POST',
        domainName: 'api.example.test',
        domainPrefix: 'api',
        identity: { sourceIp: '127.0.0.1', userAgent: 'curl' },
        requestId: '0123456789abcdef0123456789abcdef',
        requestTime: '27/Nov/2026:18:59:03 +0000',
        requestTimeEpoch: AT,
        resourcePath: '/orders/7',
      },
    })
  })

  it('has the body as it is where it is not to be encoded', async () => {
    const config = { awsgateway_compatible: true, base64_encode_body: false }
    expect(await eventOf(config, { body: 'hello' })).toMatchObject({
      body: 'hello',
      isBase64Encoded: false,
    })
  })
})

describe('aws-lambda › functionAnswer', () => {
  const warned: string[] = []
  function answerOf(config: object, reply: Partial<CallReply> & { readonly text?: string }) {
    const given = functionAnswer(
      {
        status: 200,
        headers: [
          ['Content-Type', 'application/json'],
          ['Content-Length', '99'],
          ['X-Amzn-RequestId', 'id'],
        ],
        body: Buffer.from(reply.text ?? ''),
        ...reply,
      },
      configOf(config),
      {
        via: (received) => [...received, '1.1 kong/3.9.3'].join(', '),
        warn: (message) => void warned.push(message),
      },
    )
    const body = given.kind === 'exit' ? Buffer.from(given.body ?? '').toString() : ''
    return { status: given.status, headers: given.headers, body }
  }

  it('is what the function gave', () => {
    expect(answerOf({}, { text: '{"a":[1]}' })).toEqual({
      status: 200,
      headers: {
        'content-type': 'application/json',
        'x-amzn-requestid': 'id',
        via: '1.1 kong/3.9.3',
      },
      body: '{"a":[1]}',
    })
  })

  it.each([
    [{}, '{"a":[],"b":[[]],"c":"[]"}', '{"a":{},"b":[{}],"c":"[]"}'],
    [{ empty_arrays_mode: 'correct' }, '{"a":[]}', '{"a":[]}'],
    [{}, '{"big":12345678901234567890}', '{"big":12345678901234567890}'],
    [{}, 'not [] json', 'not [] json'],
  ])('has empty lists as %j wants them: %s', (config, text, body) => {
    expect(answerOf(config, { text }).body).toBe(body)
  })

  it('leaves lists alone in what is not JSON', () => {
    const headers = [['Content-Type', 'text/plain']] as const
    expect(answerOf({}, { text: '[]', headers }).body).toBe('[]')
    expect(emptyListsAsObjects(Buffer.from('[ ]')).toString()).toBe('{}')
  })

  it('has a status of its own for a function that failed, if one is configured', () => {
    const headers = [['X-Amz-Function-Error', 'Unhandled']] as const
    expect(answerOf({}, { headers }).status).toBe(200)
    expect(answerOf({ unhandled_status: 412 }, { headers }).status).toBe(412)
    const handled = [['X-Amz-Function-Error', 'Handled']] as const
    expect(answerOf({ unhandled_status: 412 }, { headers: handled }).status).toBe(200)
  })

  const proxy = { is_proxy_integration: true }
  it.each([
    [{ statusCode: 201 }, 201, {}, ''],
    [{ statusCode: '202', body: 'hi' }, 202, {}, 'hi'],
    [{ statusCode: 200, body: 'dGVzdA==', isBase64Encoded: true }, 200, {}, 'test'],
    [{ statusCode: 200, body: 'dGVzdA==', isBase64Encoded: false }, 200, {}, 'dGVzdA=='],
    [
      {
        statusCode: 200,
        headers: { 'X-One': '1', Age: 3, 'Content-Length': 7 },
        multiValueHeaders: { 'x-one': ['1', '2'] },
      },
      200,
      { 'x-one': ['1', '2'], age: '3' },
      '',
    ],
    [{ statusCode: 200, multiValueHeaders: null }, 200, {}, ''],
    [
      { statusCode: 200, headers: { 'content-type': 'text/html' } },
      200,
      { 'content-type': 'text/html' },
      '',
    ],
  ])('follows the proxy integration: %j', (given, status, headers, body) => {
    const made = answerOf(proxy, { text: JSON.stringify(given) })
    expect(made).toMatchObject({ status, body })
    expect(made.headers).toEqual({
      'content-type': 'application/json',
      'x-amzn-requestid': 'id',
      via: '1.1 kong/3.9.3',
      ...headers,
    })
  })

  it.each([
    ['{}', 'statusCode validation failed'],
    ['[]', 'statusCode validation failed'],
    ['{"statusCode":600}', 'statusCode validation failed'],
    ['{"statusCode":"abc"}', 'statusCode validation failed'],
    ['{"statusCode":200,"headers":"x"}', 'headers must be a table'],
    ['{"statusCode":200,"body":{}}', 'body must be a string'],
    ['{"statusCode":200,"isBase64Encoded":"yes"}', 'isBase64Encoded must be a boolean'],
    ['', 'Expected value but found T_END at character 1'],
    ['hello', 'Expected value but found invalid token at character 1'],
  ])('refuses what does not follow it: %s', (text, why) => {
    const { status, body } = answerOf(proxy, { text })
    expect(status).toBe(502)
    expect(JSON.parse(body)).toEqual({
      message: 'Bad Gateway',
      error: `could not JSON decode Lambda function response: ${why}`,
    })
    expect(warned.at(-1)).toContain(why)
  })
})
