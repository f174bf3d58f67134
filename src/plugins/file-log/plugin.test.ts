import { describe, expect, it } from 'vitest'
import { configFaults } from '../../plugin-kit/testing/test-plugin.ts'
import { AppendFile, type OpenFile } from './append-file.ts'
import { fileLog } from './plugin.ts'

const settle = () => new Promise((resolve) => setImmediate(resolve))

function fakeFile() {
  const events: string[] = []
  const open: OpenFile = async (path) => {
    events.push(`open ${path}`)
    return {
      write: async (text: string) => void events.push(text),
      close: async () => void events.push('close'),
    } as unknown as Awaited<ReturnType<OpenFile>>
  }
  return { events, open }
}

const QUIET = { onBegin: () => undefined, onError: () => undefined }

describe('AppendFile', () => {
  it('opens once and writes in order, what waits together', async () => {
    const { events, open } = fakeFile()
    const file = new AppendFile('/log', QUIET, open)
    for (const line of ['a', 'b', 'c']) file.append(line, false)
    await settle()
    file.append('d', false)
    await settle()
    expect(events).toEqual(['open /log', 'a\n', 'b\nc\n', 'd\n'])
  })

  it('opens again when it shall', async () => {
    const { events, open } = fakeFile()
    const file = new AppendFile('/log', QUIET, open)
    file.append('a', true)
    await settle()
    file.append('b', true)
    await settle()
    expect(events).toEqual(['open /log', 'a\n', 'close', 'open /log', 'b\n'])
  })

  it('reports a failure and tries again with the next line', async () => {
    const errors: unknown[] = []
    let fails = true
    const { events, open } = fakeFile()
    const file = new AppendFile(
      '/log',
      { ...QUIET, onError: (error) => void errors.push(error) },
      (path) => {
        if (fails) return Promise.reject(new Error('no space'))
        return open(path)
      },
    )
    file.append('a', false)
    await settle()
    fails = false
    file.append('b', false)
    await settle()
    expect([errors.length, events]).toEqual([1, ['open /log', 'b\n']])
  })
})

describe('file-log › schema', () => {
  it.each([
    [{}, 'config.path: required field missing'],
    [{ path: '/a*b' }, 'config.path: not a valid filename'],
    [{ path: ' /a' }, 'config.path: not a valid filename'],
    [{ path: String.raw`/a\b` }, 'config.path: not a valid filename'],
  ])('refuses %j', (config, fault) => {
    expect(configFaults(fileLog, config)).toEqual([fault])
  })

  it.each(['/dev/stdout', '/var/log/a b.log', 'relative.log'])('takes %s', (path) => {
    expect(configFaults(fileLog, { path })).toEqual([])
  })
})
