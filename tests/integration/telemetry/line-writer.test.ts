import { mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { openLineWriter } from '../../../src/telemetry/line-writer.ts'
import { until } from '../../support/until.ts'

let folder = ''
beforeEach(() => {
  folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-log-'))
})
afterEach(() => rmSync(folder, { recursive: true }))

function writerTo(file: string) {
  const faults: string[] = []
  const writer = openLineWriter(file, { onFault: (message) => faults.push(message) })
  return { writer, faults }
}

describe('openLineWriter()', () => {
  it('appends lines in order, whatever their number', async () => {
    const file = path.join(folder, 'a.log')
    const lines = Array.from({ length: 20_000 }, (_, number) => `line ${number}\n`)
    for (const half of [lines.slice(0, 10_000), lines.slice(10_000)]) {
      const { writer } = writerTo(file)
      for (const line of half) writer.write(line)
      await writer.close()
    }
    expect(readFileSync(file, 'utf8')).toBe(lines.join(''))
  })

  it('goes on in a new file once it is told that the old one was moved', async () => {
    const file = path.join(folder, 'a.log')
    const { writer } = writerTo(file)
    writer.write('before\n')
    await until(() => readFileSync(file, 'utf8') === 'before\n')
    renameSync(file, `${file}.1`)
    writer.write('still there\n')
    await writer.flush()
    writer.reopen()
    writer.write('after\n')
    await writer.close()
    expect(readFileSync(`${file}.1`, 'utf8')).toBe('before\nstill there\n')
    expect(readFileSync(file, 'utf8')).toBe('after\n')
  })

  it('says once that the disk is full', async () => {
    const { writer, faults } = writerTo('/dev/full')
    writer.write('a\n')
    await until(() => faults.length > 0)
    for (let line = 0; line < 100; line += 1) writer.write('b\n')
    await writer.flush()
    expect(faults).toEqual([expect.stringMatching(/^Cannot write "\/dev\/full": .*ENOSPC/)])
    await writer.close()
  })

  it('refuses a file that cannot be opened', () => {
    expect(() => writerTo(path.join(folder, 'nowhere', 'a.log'))).toThrow('ENOENT')
  })
})
