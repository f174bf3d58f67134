import { createAdminServer, createStatusServer } from '../../../src/admin/create-admin-server.ts'
import type { AdminContext } from '../../../src/admin/admin-context.ts'
import { adminContextForTest, type AdminContextOptions } from '../../support/admin-context.ts'

type Method = 'GET' | 'HEAD' | 'OPTIONS' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, unknown>>
  /** Parsed where it is JSON. */
  readonly body: unknown
}

/** Calls an Admin API of its own, without sockets. Objects go as JSON, texts as forms. */
export interface AdminClient {
  readonly context: AdminContext
  call(method: Method, url: string, body?: object | string): Promise<Answer>
  send(method: Method, url: string, headers: object, body?: string | Buffer): Promise<Answer>
}

export function adminClient(
  options: AdminContextOptions & {
    readonly changes?: Partial<AdminContext>
    readonly isStatus?: boolean
  } = {},
): AdminClient {
  const context: AdminContext = { ...adminContextForTest(options), ...options.changes }
  const create = options.isStatus === true ? createStatusServer : createAdminServer
  const { app } = create(context)
  async function send(
    method: Method,
    url: string,
    headers: object,
    body?: string | Buffer,
  ): Promise<Answer> {
    const response = await app.inject({
      method,
      url,
      headers: { ...headers },
      ...(body !== undefined && { payload: body }),
    })
    const isJson = String(response.headers['content-type']).includes('json')
    return {
      status: response.statusCode,
      headers: response.headers,
      body: isJson && response.body !== '' ? JSON.parse(response.body) : response.body,
    }
  }
  return {
    context,
    send,
    call: (method, url, body) =>
      typeof body === 'string'
        ? send(method, url, { 'content-type': 'application/x-www-form-urlencoded' }, body)
        : body === undefined
          ? send(method, url, {})
          : send(method, url, { 'content-type': 'application/json' }, JSON.stringify(body)),
  }
}
