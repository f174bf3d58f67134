import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import type { Settings } from '../settings/settings.ts'
import { followSource } from './follow-source.ts'

const PATIENCE_MS = 30_000

/** A watched file that says `before`, as what is in force does; loads last until they are let go. */
function setUp() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-follow-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'kong.yml')
  writeFileSync(file, 'before')
  let inForce = 'before'
  let report = () => {}
  const loads: PromiseWithResolvers<void>[] = []
  const notices: string[] = []
  followSource({
    settings: { declarative_config: file, declarative_config_watch: true } as Settings,
    reloader: {
      isServed: (text) => text === inForce,
      async loadSource() {
        const text = readFileSync(file, 'utf8')
        const load = Promise.withResolvers<void>()
        loads.push(load)
        await load.promise
        inForce = text
        return true
      },
    },
    log: { notice: (message) => notices.push(message), error: (message) => expect.fail(message) },
    watch: (_file, onChange) => {
      report = onChange
      return () => {}
    },
  })
  return {
    loads,
    notices,
    inForce: () => inForce,
    write: (text: string) => {
      writeFileSync(file, text)
      report()
    },
  }
}

describe('followSource()', () => {
  it('puts a file in force again that was put back while the change was loaded', async () => {
    const { loads, notices, inForce, write } = setUp()
    write('changed')
    await vi.waitFor(() => expect(loads).toHaveLength(1), PATIENCE_MS)
    write('before')
    loads[0]!.resolve()
    await vi.waitFor(() => expect(loads).toHaveLength(2), PATIENCE_MS)
    loads[1]!.resolve()
    await vi.waitFor(() => expect(inForce()).toBe('before'), PATIENCE_MS)
    expect(notices).toHaveLength(2)
  })

  it('loads a text once that was changed twice before it was loaded, and says so once', async () => {
    const { loads, notices, inForce, write } = setUp()
    write('changed')
    write('changed again')
    await vi.waitFor(() => expect(loads).toHaveLength(1), PATIENCE_MS)
    loads[0]!.resolve()
    await vi.waitFor(() => expect(inForce()).toBe('changed again'), PATIENCE_MS)
    write('last')
    await vi.waitFor(() => expect(loads).toHaveLength(2), PATIENCE_MS)
    loads[1]!.resolve()
    await vi.waitFor(() => expect(inForce()).toBe('last'), PATIENCE_MS)
    expect(notices).toHaveLength(2)
  })
})
