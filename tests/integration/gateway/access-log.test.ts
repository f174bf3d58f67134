import { readFileSync } from 'node:fs'
import http from 'node:http'
import path from 'node:path'
import { expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

const FORM =
  /^127\.0\.0\.1 - (?<user>\S+) \[[^\]]+\] "(?<line>[^"]*)" (?<status>\d+) (?<bytes>\d+) "(?<referer>[^"]*)" "(?<agent>[^"]*)" kong_request_id: "(?<id>[0-9a-f]{32})"$/

it('tells of each request on a connection, equal ones included', async () => {
  await using upstream = await startUpstream((request, response) => {
    response.statusCode = request.headers['x-status'] === undefined ? 200 : 418
    response.end(request.url === '/long' ? 'twelve bytes' : 'five!')
  })
  await using gateway = await startGateway(oneRoute(upstream.url), {
    proxy_access_log: 'logs/access.log',
  })
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 })
  const usual = {
    referer: 'http://a.example/"x"',
    'user-agent': 'test',
    authorization: 'Basic YW5uOnB3',
  }
  const ids: unknown[] = []
  for (const [place, headers] of [
    ['/', usual],
    ['/', usual],
    ['/', usual],
    ['/', usual],
    ['/long', usual],
    ['/', { ...usual, 'x-status': '418' }],
    ['/', {}],
  ] as const)
    ids.push(await idOf(gateway.url + place, agent, headers))
  agent.destroy()
  const log = path.join(gateway.prefix, 'logs', 'access.log')
  const lines = (): string[] => readFileSync(log, 'utf8').split('\n').slice(0, -1)
  await until(() => lines().length === ids.length)
  const told = lines().map((line) => FORM.exec(line)?.groups)
  expect(told.map((groups) => groups?.['id'])).toEqual(ids)
  expect(told.map((groups) => [groups?.['line'], groups?.['status'], groups?.['bytes']])).toEqual([
    ...Array.from({ length: 4 }, () => ['GET / HTTP/1.1', '200', '5']),
    ['GET /long HTTP/1.1', '200', '12'],
    ['GET / HTTP/1.1', '418', '5'],
    ['GET / HTTP/1.1', '200', '5'],
  ])
  const whose = told.map((groups) => [groups?.['user'], groups?.['referer'], groups?.['agent']])
  expect(whose.slice(0, -1)).toEqual(
    Array.from({ length: 6 }, () => ['ann', String.raw`http://a.example/\x22x\x22`, 'test']),
  )
  expect(whose.at(-1)).toEqual(['-', '-', '-'])
})

function idOf(url: string, agent: http.Agent, headers: Record<string, string>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    http
      .get(url, { agent, headers }, (response) => {
        response.resume().on('end', () => resolve(response.headers['x-kong-request-id']))
      })
      .on('error', reject)
  })
}
