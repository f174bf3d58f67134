import net from 'node:net'
import { describe, expect, it } from 'vitest'
import { route, service, startProxy } from '../../support/start-proxy.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const get = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`
const post = (path: string, body: string): string =>
  `POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${body.length}\r\n\r\n${body}`

/** Each list is sent in pieces; the next piece once so many answers have come. */
const CASES: readonly (readonly [
  name: string,
  pieces: readonly (readonly [text: string, after: number])[],
  answers: readonly string[],
])[] = [
  [
    'some, and others when those are answered',
    [
      [get('/1') + get('/2') + get('/3'), 0],
      [get('/4') + get('/5'), 3],
      [get('/6'), 5],
    ],
    ['/1', '/2', '/3', '/4', '/5', '/6'],
  ],
  [
    'some, of which the last comes in two parts',
    [
      [get('/1') + get('/2') + get('/3').slice(0, 9), 0],
      [get('/3').slice(9) + get('/4'), 2],
      [get('/5'), 4],
    ],
    ['/1', '/2', '/3', '/4', '/5'],
  ],
  [
    'some with bodies, of which the last comes in two parts',
    [
      [get('/1') + post('/2', 'two') + post('/3', 'three').slice(0, -3), 0],
      [`ree${get('/4')}`, 2],
      [post('/5', 'five'), 4],
    ],
    ['/1', '/2two', '/3three', '/4', '/5five'],
  ],
  [
    'one while another is answered',
    [
      [get('/slow'), 0],
      [get('/2') + get('/3'), 0],
      [get('/4'), 3],
    ],
    ['/slow', '/2', '/3', '/4'],
  ],
]

describe.each(['public', 'fast'] as const)('pipelined requests, transport %s', (transport) => {
  it.each(CASES)('are answered in order: %s', async (_, pieces, answers) => {
    await using upstream = await startUpstream((request, response) => {
      const body: Buffer[] = []
      request.on('data', (piece: Buffer) => body.push(piece))
      request.on('end', () => {
        const answer = (): void => void response.end(`<${request.url}${Buffer.concat(body)}>`)
        if (request.url === '/slow') setTimeout(answer, 50)
        else setImmediate(answer)
      })
    })
    await using proxy = await startProxy({
      transport,
      entities: {
        services: [service('upstream', Number(new URL(upstream.url).port))],
        routes: [route('all', 'upstream', { paths: ['/'], strip_path: false })],
      },
    })
    const socket = net.connect({ port: proxy.port, host: '127.0.0.1', noDelay: true })
    let text = ''
    socket.setEncoding('latin1').on('data', (piece: string) => (text += piece))
    const answered = (): string[] => [...text.matchAll(/<(.*?)>/g)].map(([, answer]) => answer!)
    for (const [piece, after] of pieces) {
      await until(() => answered().length >= after)
      socket.write(piece)
    }
    await until(() => answered().length >= answers.length)
    expect(answered()).toEqual(answers)
    socket.destroy()
  })
})
