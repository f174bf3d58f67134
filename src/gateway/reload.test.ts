import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { createCatalog } from '../entities/create-catalog.ts'
import type { EntitySet } from '../entities/entity.ts'
import { Reloader, type ReloaderOptions, type SourceSettings } from './reload.ts'

/** A file with services, and what is put in force, by the names of the first ones. */
function setUp() {
  const folder = mkdtempSync(path.join(os.tmpdir(), 'portunus-reload-'))
  onTestFinished(() => rmSync(folder, { recursive: true }))
  const file = path.join(folder, 'kong.json')
  const inForce: unknown[] = []
  const publisher = {
    async replaceAll({ services }: EntitySet) {
      inForce.push(services![0]!['name'])
      return { ok: true, changes: [], version: inForce.length } as const
    },
    publish: async () => {},
    whenServed: async () => {},
  } satisfies ReloaderOptions['publisher']
  const reloader = new Reloader({
    catalog: createCatalog([], { flavor: 'traditional_compatible' }),
    publisher,
  })
  const settings: SourceSettings = {
    declarative_config: file,
    declarative_config_string: undefined,
    declarative_config_watch: false,
  }
  return {
    reloader,
    inForce,
    write: (name: string, count: number) => writeFileSync(file, servicesOf(name, count)),
    load: () => reloader.loadSource(settings, { by: 'file' }),
  }
}

function servicesOf(name: string, count: number): string {
  const services = Array.from({ length: count }, (_, at) => ({
    name: at === 0 ? name : `${name}-${at}`,
    host: 'a.test',
  }))
  return JSON.stringify({ _format_version: '3.0', services })
}

/** So many take many slices to be parsed. */
const VERY_MANY = 3000

describe('Reloader', () => {
  it('leaves in force what was written last, though what was before takes longer to parse', async () => {
    const { inForce, write, load } = setUp()
    write('older', VERY_MANY)
    const older = load()
    // By now it is being parsed.
    await new Promise(setImmediate)
    write('newer', 1)
    await Promise.all([older, load()])
    expect(inForce).toEqual(['older', 'newer'])
  })

  it('leaves in force what was posted while a file was loaded', async () => {
    const { reloader, inForce, write, load } = setUp()
    write('file', VERY_MANY)
    const loading = load()
    const posted = reloader.loadConfig({
      ok: true,
      entities: { services: [{ id: '1', name: 'posted' }] },
      hash: 'a'.repeat(32),
      formatVersion: '3.0',
      places: () => new Map(),
    })
    expect(await Promise.all([loading, posted])).toEqual([true, { ok: true }])
    expect(inForce).toEqual(['file', 'posted'])
  })

  it('goes on after a load that failed', async () => {
    const { inForce, write, load } = setUp()
    const failed = load()
    await expect(failed).rejects.toThrow('kong.json')
    write('later', 1)
    await load()
    expect(inForce).toEqual(['later'])
  })
})
