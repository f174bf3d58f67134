import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, it, onTestFinished } from 'vitest'
import { ConfigurationKeeper, type KeptConfiguration } from './kept-configuration.ts'

function makePrefix(): string {
  const prefix = mkdtempSync(path.join(os.tmpdir(), 'portunus-kept-'))
  onTestFinished(() => rmSync(prefix, { recursive: true }))
  return prefix
}

it.each([0, 1, 250])('gives back what it kept, of %i rows of a kind', async (count) => {
  const prefix = makePrefix()
  const rows = Array.from({ length: count }, (_, at) => ({ id: `${at}`, name: 'ü"\n' }))
  const kept: KeptConfiguration = {
    entities: count === 0 ? {} : { services: rows, consumers: [{ id: 'c' }] },
    hash: 'a'.repeat(32),
  }
  const keeper = new ConfigurationKeeper(prefix, { warn: (text) => expect.fail(text) })
  keeper.keep(kept)
  await keeper.settled()
  expect(keeper.read()).toMatchObject(kept)
})

it('has kept the last of several once it has settled', async () => {
  const keeper = new ConfigurationKeeper(makePrefix(), { warn: (text) => expect.fail(text) })
  for (const name of ['a', 'b', 'c']) keeper.keep({ entities: {}, hash: name })
  await keeper.settled()
  expect(keeper.read()?.hash).toBe('c')
  keeper.keep({ entities: {}, hash: 'd' })
  await keeper.settled()
  expect(keeper.read()?.hash).toBe('d')
})

it('keeps what came while something could not be kept', async () => {
  const prefix = path.join(makePrefix(), 'not-yet-there')
  const warnings: string[] = []
  const keeper = new ConfigurationKeeper(prefix, {
    warn(text) {
      warnings.push(text)
      mkdirSync(prefix, { recursive: true })
    },
  })
  keeper.keep({ entities: {}, hash: 'first' })
  keeper.keep({ entities: {}, hash: 'second' })
  await keeper.settled()
  expect(keeper.read()?.hash).toBe('second')
  expect(warnings).toEqual([expect.stringContaining('Cannot keep what is in force')])
})
