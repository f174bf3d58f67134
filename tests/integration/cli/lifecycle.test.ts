import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { freePort } from '../../support/free-port.ts'
import { workplace, type Workplace } from '../../support/run-portunus.ts'
import { startUpstream } from '../../support/start-upstream.ts'
import { until } from '../../support/until.ts'

const MORE = '\n\n  Run with --v (verbose) or --vv (debug) for more details\n'

async function gatewayPlace(more: Readonly<Record<string, string>> = {}): Promise<{
  readonly place: Workplace
  readonly url: string
}> {
  const port = await freePort()
  const place = workplace({
    KONG_DATABASE: 'off',
    KONG_PROXY_LISTEN: `127.0.0.1:${port}`,
    KONG_ADMIN_LISTEN: '127.0.0.1:0',
    KONG_STATUS_LISTEN: 'off',
    KONG_ADMIN_GUI_LISTEN: 'off',
    ...more,
  })
  return { place, url: `http://127.0.0.1:${port}` }
}

function writeConfig({ folder }: Workplace, upstreamUrl: string, routePath: string): string {
  const file = path.join(folder, 'kong.yml')
  writeFileSync(
    file,
    `_format_version: "3.0"\nservices:\n- name: s\n  url: ${upstreamUrl}\n  routes:\n  - paths: [${routePath}]\n`,
  )
  return file
}

describe('portunus start', () => {
  it('serves in the background from when it returns, until it is stopped', async () => {
    await using upstream = await startUpstream()
    const { place, url } = await gatewayPlace()
    await using _ = place
    const file = writeConfig(place, upstream.url, '/a')
    const environment = { KONG_DECLARATIVE_CONFIG: file }

    expect(await place.run(['start'], environment)).toEqual({
      code: 0,
      stdout: `prefix directory ${place.prefix} not found, trying to create it\nKong started\n`,
      stderr: '',
    })
    expect((await fetch(`${url}/a`)).status).toBe(200)
    expect(await place.run(['health'])).toEqual({
      code: 0,
      stdout: `nginx.......running\n\nKong is healthy at ${place.prefix}\n`,
      stderr: '',
    })

    expect(await place.run(['start'], environment)).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: Kong is already running in ${place.prefix}${MORE}`,
    })

    writeConfig(place, upstream.url, '/b')
    expect(await place.run(['reload'], environment)).toEqual({
      code: 0,
      stdout: 'Kong reloaded\n',
      stderr: '',
    })
    await until(async () => (await fetch(`${url}/b`)).status === 200)

    expect((await place.run(['restart'], environment)).stdout).toBe('Kong started\n')
    expect((await fetch(`${url}/b`)).status).toBe(200)

    expect(await place.run(['stop'])).toEqual({ code: 0, stdout: 'Kong stopped\n', stderr: '' })
    await expect(fetch(url)).rejects.toThrow()
    expect(await place.run(['health'])).toEqual({
      code: 1,
      stdout: 'nginx.......not running\n\n',
      stderr: `Error: Kong is not running at ${place.prefix}${MORE}`,
    })
    expect(await place.run(['stop'])).toEqual({
      code: 1,
      stdout: '',
      stderr: `Error: nginx not running in prefix: ${place.prefix}${MORE}`,
    })
  })

  it('serves a file that is named, and keeps to it over reloads', async () => {
    await using upstream = await startUpstream()
    const { place, url } = await gatewayPlace()
    await using _ = place
    writeConfig(place, upstream.url, '/a')
    const started = await place.run(['start', 'kong.yml'])
    expect(started).toMatchObject({ code: 0, stdout: expect.stringContaining('Kong started') })
    writeConfig(place, upstream.url, '/watched')
    await until(async () => (await fetch(`${url}/watched`)).status === 200)
    expect(await place.run(['quit'])).toMatchObject({ stdout: 'Kong stopped (gracefully)\n' })
  })

  it.each([
    ['http', ''],
    ['https', ' ssl'],
  ])('is drained, and then waits before it quits: %s', async (_scheme, flag) => {
    const port = await freePort()
    const { place } = await gatewayPlace({ KONG_STATUS_LISTEN: `127.0.0.1:${port}${flag}` })
    await using _ = place
    await place.run(['start'])
    expect(await place.run(['drain'])).toEqual({
      code: 0,
      stdout: "Kong's status successfully changed to 'draining'\n",
      stderr: '',
    })
    expect(await place.run(['quit', '--wait', '0.1'])).toEqual({
      code: 0,
      stdout: 'Kong stopped (gracefully)\n',
      stderr: '',
    })
    expect(await place.run(['drain'])).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^Error: Failed to send request to https?:.*ECONNREFUSED/),
    })
  })

  it('cannot be drained where nothing listens for it', async () => {
    const { place } = await gatewayPlace()
    await using _ = place
    await place.run(['prepare'])
    expect(await place.run(['drain'])).toEqual({
      code: 0,
      stdout: 'No status listeners found in configuration.\n',
      stderr: '',
    })
  })

  it.each([
    ['services: [', /^Error: error parsing declarative config file kong\.yml:\n.*expected/],
    [
      undefined,
      /^Error: error parsing declarative config file kong\.yml:\nkong\.yml: No such file/,
    ],
  ])('leaves nothing behind when the configuration is %j', async (config, message) => {
    const { place, url } = await gatewayPlace({ KONG_DECLARATIVE_CONFIG: 'kong.yml' })
    await using _ = place
    if (config !== undefined) writeFileSync(path.join(place.folder, 'kong.yml'), config)
    const { code, stderr } = await place.run(['start'])
    expect(code).toBe(1)
    expect(stderr).toMatch(message)
    expect(existsSync(path.join(place.prefix, 'pids', 'nginx.pid'))).toBe(false)
    await expect(fetch(url)).rejects.toThrow()
  })

  it('says who holds a port that is taken', async () => {
    await using upstream = await startUpstream()
    await using place = workplace({
      KONG_DATABASE: 'off',
      KONG_PROXY_LISTEN: `127.0.0.1:${upstream.port}`,
    })
    const { code, stderr } = await place.run(['start'])
    expect(code).toBe(1)
    expect(stderr).toContain(
      `bind() to 127.0.0.1:${upstream.port} failed (98: Address already in use): the port is taken by`,
    )
    expect(stderr).toContain(`(pid ${process.pid})`)
  })

  it('starts over a pid file that a crash left behind', async () => {
    const { place } = await gatewayPlace()
    await using _ = place
    await place.run(['start'])
    const pidFile = path.join(place.prefix, 'pids', 'nginx.pid')
    const pid = Number(readFileSync(pidFile, 'utf8'))
    process.kill(pid, 'SIGKILL')
    await until(async () => (await place.run(['health'])).code === 1)
    expect(existsSync(pidFile)).toBe(true)
    expect((await place.run(['start'])).code).toBe(0)
  })
})
