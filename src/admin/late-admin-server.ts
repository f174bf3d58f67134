import type { IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { newApiServer, type ApiServer, type ApiServerOptions } from './api-server.ts'
import { inTime } from './in-time.ts'

/** What answers the requests of a server, once it is made. */
interface Api {
  readonly app: {
    ready(): PromiseLike<unknown>
    routing(request: IncomingMessage, response: ServerResponse): void
  }
  close(): Promise<void>
}

export interface LateAdminServerOptions extends ApiServerOptions {
  /** Makes the API for this server, which registers no handler of its own for requests. */
  readonly make: (server: ApiServer) => Promise<Api>
  readonly log: { error(message: string, cause?: unknown): void }
}

/** A server that listens at once, and whose API is made when the first request comes. */
export interface LateAdminServer {
  readonly server: ApiServer
  /** @returns the port, which the system chose where 0 was asked for */
  listen(options: { readonly host: string; readonly port: number }): Promise<number>
  close(): Promise<void>
}

/**
 * Many gateways are never asked anything by the Admin API, and the framework under it takes several
 * MiB: it is loaded when somebody comes.
 */
export function lateAdminServer({
  make,
  log,
  ...options
}: LateAdminServerOptions): LateAdminServer {
  const server = newApiServer(options)
  let made: Promise<Api> | undefined
  let api: Api | undefined

  async function load(): Promise<Api> {
    server.off('clientError', onEarlyError)
    const loaded = await make(server)
    await loaded.app.ready()
    api = loaded
    return loaded
  }

  /** @param refuse lets go of who asked, when there is no API */
  async function whenMade(use: (made: Api) => void, refuse: () => void): Promise<void> {
    try {
      use(await (made ??= load()))
    } catch (error) {
      log.error('Cannot make the Admin API ready', error)
      refuse()
    }
  }

  /** The API has a handler for these: it hears of those that came before it was there. */
  function onEarlyError(fault: Error, socket: Socket): void {
    void whenMade(
      () => server.emit('clientError', fault, socket),
      () => socket.destroy(),
    )
  }

  server.on('clientError', onEarlyError)
  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    if (api !== undefined) api.app.routing(request, response)
    else
      void whenMade(
        ({ app }) => app.routing(request, response),
        () => response.destroy(),
      )
  })

  return {
    server,
    async listen(where) {
      await new Promise<void>((resolve, reject) => {
        server.once('error', reject)
        server.listen(where, () => {
          server.off('error', reject)
          resolve()
        })
      })
      return (server.address() as AddressInfo).port
    },
    async close() {
      // First, so that answers on their way say that their connection ends.
      await api?.close()
      await inTime(new Promise<void>((resolve) => void server.close(() => resolve())))
    },
  }
}
