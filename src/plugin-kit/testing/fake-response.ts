import type { Answer } from '../answer.ts'
import type { Response } from '../exchange.ts'
import type { FakeReply } from './fake-exchange.ts'
import { fakeHeaders, headerAccess } from './fake-headers.ts'

/** The response of a fake exchange; tests fill it before the response phases run. */
export interface FakeResponse extends Response {
  source: Response['source']
  bodyBytes: number
  sizeBytes: number
  upstreamStatus: number | undefined
  /** Whether a plugin said that the length may change. */
  readonly hasLostLength: boolean
}

export function fakeResponse(): FakeResponse {
  const response = {
    status: 200,
    source: 'service' as Response['source'],
    ...headerAccess(fakeHeaders({})),
    dropLength: () => {
      response.hasLostLength = true
      response.removeHeader('content-length')
    },
    replaceBody: () => {
      throw new Error('A fake response runs no phase in which its body can be replaced')
    },
    bodyBytes: 0,
    sizeBytes: 0,
    upstreamStatus: undefined as number | undefined,
    hasLostLength: false,
  }
  return response
}

/** Makes it the upstream's. @returns the chunks of its body */
export function replyWith(response: FakeResponse, reply: FakeReply = {}): readonly Buffer[] {
  const { status = 200, headers = {}, body = '' } = reply
  response.status = status
  response.upstreamStatus = status
  response.source = 'service'
  for (const [name, value] of fakeHeaders(headers).list()) response.addHeader(name, value)
  return (typeof body === 'string' ? [body] : body).map((chunk) => Buffer.from(chunk))
}

/** Makes it a plugin's answer. @returns its body as one chunk; that of an error is not rendered */
export function answerWith(response: FakeResponse, answer: Answer): readonly Buffer[] {
  response.status = answer.status
  response.source = answer.kind
  for (const [name, value] of Object.entries(answer.headers ?? {}))
    response.setHeader(name, Array.isArray(value) ? value.map(String) : String(value))
  if (answer.kind === 'error') return [Buffer.from(answer.message ?? '')]
  const { body = '' } = answer
  return [typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)]
}
