import { spawn } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { workplace } from '../../support/run-portunus.ts'
import { until } from '../../support/until.ts'

const PROGRAM = fileURLToPath(new URL('../../../bin/portunus', import.meta.url))

/** A processor that this process may use. */
function anyProcessor(): string {
  return /^Cpus_allowed_list:\s+(\d+)/m.exec(readFileSync('/proc/self/status', 'utf8'))![1]!
}

describe.runIf(process.platform === 'linux')('portunus start on one processor', () => {
  it.each([
    ['in the background', 'on'],
    ['in the foreground', 'off'],
  ])('has no threads that collect garbage for others, %s', async (_where, daemon) => {
    await using place = workplace()
    // Has every thread note what its Node was started with; a gateway changes what the system says of it.
    const noted = path.join(place.folder, 'noted')
    const probe = path.join(place.folder, 'probe.cjs')
    writeFileSync(
      probe,
      `require('fs').appendFileSync(${JSON.stringify(noted)}, process.pid + ' ' + process.execArgv + '\\n')`,
    )
    const words = ['-c', anyProcessor(), process.execPath, PROGRAM, 'start']
    const child = spawn('taskset', words, {
      stdio: 'ignore',
      env: {
        ...process.env,
        NODE_OPTIONS: `--require ${probe}`,
        KONG_PREFIX: place.prefix,
        KONG_DATABASE: 'off',
        KONG_NGINX_DAEMON: daemon,
        KONG_PROXY_LISTEN: '127.0.0.1:0',
        KONG_ADMIN_LISTEN: '127.0.0.1:0',
        KONG_STATUS_LISTEN: 'off',
        KONG_ADMIN_GUI_LISTEN: 'off',
      },
    })
    const ended = new Promise((resolve) => void child.once('exit', resolve))
    const pidFile = path.join(place.prefix, 'pids', 'nginx.pid')
    await until(() => existsSync(pidFile) && readFileSync(pidFile, 'utf8') !== '', 30_000)
    const pid = readFileSync(pidFile, 'utf8').trim()
    expect(readFileSync(noted, 'utf8')).toMatch(new RegExp(`^${pid} .*--single-threaded-gc`, 'm'))
    // It is one and the same process that was started in the foreground.
    if (daemon === 'off') expect(pid).toBe(String(child.pid))
    expect((await place.run(['stop'])).code).toBe(0)
    await ended
  })
})
