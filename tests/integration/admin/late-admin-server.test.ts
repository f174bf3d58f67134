import http from 'node:http'
import net from 'node:net'
import { text } from 'node:stream/consumers'
import { afterEach, describe, expect, it } from 'vitest'
import { createAdminServer } from '../../../src/admin/create-admin-server.ts'
import { lateAdminServer, type LateAdminServer } from '../../../src/admin/late-admin-server.ts'
import { adminContextForTest } from '../../support/admin-context.ts'

describe('lateAdminServer', () => {
  let open: LateAdminServer | undefined
  const faults: string[] = []
  const log = { error: (message: string) => void faults.push(message) }
  afterEach(async () => {
    await open?.close()
    open = undefined
    faults.length = 0
  })

  async function listening(): Promise<{ port: number; made: () => number }> {
    let made = 0
    open = lateAdminServer({
      log,
      async make(server) {
        made += 1
        return createAdminServer(adminContextForTest(), { server })
      },
    })
    return { port: await open.listen({ host: '127.0.0.1', port: 0 }), made: () => made }
  }

  it('makes the API once, for the first of many requests at a time', async () => {
    const { port, made } = await listening()
    expect(made()).toBe(0)
    const statuses = await Promise.all(
      Array.from({ length: 5 }, async (_, number) => {
        const answer = await fetch(`http://127.0.0.1:${port}/consumers?number=${number}`)
        await answer.arrayBuffer()
        return answer.status
      }),
    )
    expect([statuses, made()]).toEqual([[200, 200, 200, 200, 200], 1])
  })

  it('answers what cannot be read before there was an API as it does later', async () => {
    const { port } = await listening()
    const answers: string[] = []
    for (let times = 0; times < 2; times += 1) {
      const socket = net.connect(port, '127.0.0.1')
      socket.end('NONSENSE\r\n\r\n')
      answers.push((await text(socket)).split('\r\n')[0]!)
    }
    expect(answers).toEqual(['HTTP/1.1 400 Bad Request', 'HTTP/1.1 400 Bad Request'])
  })

  it('is closed although a connection is kept', async () => {
    const { port } = await listening()
    const agent = new http.Agent({ keepAlive: true })
    const status = await new Promise((resolve, reject) => {
      http
        .get({ port, agent, path: '/consumers' }, (response) => {
          response.resume().on('end', () => resolve(response.statusCode))
        })
        .on('error', reject)
    })
    expect(status).toBe(200)
    await open!.close()
    expect(open!.server.listening).toBe(false)
    agent.destroy()
  })

  it('says so when there is no API to be made, and lets go of who asked', async () => {
    open = lateAdminServer({ log, make: () => Promise.reject(new Error('no such file')) })
    const port = await open.listen({ host: '127.0.0.1', port: 0 })
    await expect(fetch(`http://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
    expect(faults).toEqual(['Cannot make the Admin API ready'])
  })

  it('says why it cannot listen', async () => {
    const { port } = await listening()
    const other = lateAdminServer({ log, make: () => Promise.reject(new Error('not asked')) })
    await expect(other.listen({ host: '127.0.0.1', port })).rejects.toThrow('EADDRINUSE')
  })
})
