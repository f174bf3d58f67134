import { mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import { ConfigurationKeeper, type KeptConfiguration } from './kept-configuration.ts'

it.each([0, 1, 250])('gives back what it kept, of %i rows of a kind', async (count) => {
  const prefix = mkdtempSync(path.join(os.tmpdir(), 'portunus-kept-'))
  onTestFinished(() => rmSync(prefix, { recursive: true }))
  const rows = Array.from({ length: count }, (_, at) => ({ id: `${at}`, name: 'ü"\n' }))
  const kept: KeptConfiguration = {
    entities: count === 0 ? {} : { services: rows, consumers: [{ id: 'c' }] },
    hash: 'a'.repeat(32),
  }
  const keeper = new ConfigurationKeeper(prefix, { warn: (text) => expect.fail(text) })
  keeper.keep(kept)
  await vi.waitFor(() => expect(keeper.read()).toMatchObject(kept))
})
