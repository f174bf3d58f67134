import { existsSync, readFileSync, renameSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { startGateway } from '../../support/start-gateway.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'
import { oneRoute } from './configs.ts'

describe('signals', () => {
  it('lets requests in flight end on SIGQUIT, and takes no more', async () => {
    let answer: (() => void) | undefined
    await using upstream = await startUpstream((_request, response) => {
      // Later ones only ask whether the gateway still takes requests.
      if (answer === undefined) answer = () => void response.end('late')
      else response.end()
    })
    await using gateway = await startGateway(oneRoute(upstream.url))
    const pending = fetch(gateway.url)
    await until(() => upstream.requests.length === 1)
    gateway.signal('SIGQUIT')
    await until(() =>
      fetch(gateway.url).then(
        () => false,
        () => true,
      ),
    )
    answer?.()
    expect(await (await pending).text()).toBe('late')
    expect(await gateway.ended).toBe(0)
  })

  it('gives up on SIGQUIT when the time for it is over', async () => {
    await using upstream = await startUpstream(() => {})
    await using gateway = await startGateway(oneRoute(upstream.url), { graceful_timeout: '0.2' })
    const pending = fetch(gateway.url).then(
      () => 'answered',
      () => 'cut off',
    )
    await until(() => upstream.requests.length === 1)
    gateway.signal('SIGQUIT')
    expect(await gateway.ended).toBe(0)
    expect(await pending).toBe('cut off')
  })

  it.each(['SIGTERM', 'SIGINT'] as const)(
    'ends at once on %s, pid file and all',
    async (signal) => {
      await using upstream = await startUpstream(() => {})
      await using gateway = await startGateway(oneRoute(upstream.url))
      const pidFile = path.join(gateway.prefix, 'pids', 'nginx.pid')
      expect(readFileSync(pidFile, 'utf8').trim()).toBe(String(gateway.process.pid))
      const pending = fetch(gateway.url).catch(() => 'cut off')
      await until(() => upstream.requests.length === 1)
      gateway.signal(signal)
      expect(await gateway.ended).toBe(0)
      expect(await pending).toBe('cut off')
      expect(existsSync(pidFile)).toBe(false)
    },
  )

  it('hurries a graceful end on SIGTERM', async () => {
    await using upstream = await startUpstream(() => {})
    await using gateway = await startGateway(oneRoute(upstream.url), { graceful_timeout: '60' })
    const pending = fetch(gateway.url).catch(() => 'cut off')
    await until(() => upstream.requests.length === 1)
    gateway.signal('SIGQUIT')
    gateway.signal('SIGTERM')
    expect(await gateway.ended).toBe(0)
    expect(await pending).toBe('cut off')
  })

  it('opens its logs anew on SIGUSR1', async () => {
    await using upstream = await startUpstream()
    await using gateway = await startGateway(oneRoute(upstream.url), {
      proxy_access_log: 'logs/access.log',
    })
    const log = path.join(gateway.prefix, 'logs', 'access.log')
    await fetch(`${gateway.url}/before`)
    await until(() => readFileSync(log, 'utf8').includes('/before'))
    renameSync(log, `${log}.1`)
    gateway.signal('SIGUSR1')
    await until(() => existsSync(log))
    await fetch(`${gateway.url}/after`)
    await until(() => readFileSync(log, 'utf8').includes('"GET /after HTTP/1.1" 200 5 '))
    expect(readFileSync(`${log}.1`, 'utf8')).not.toContain('/after')
  })
})
