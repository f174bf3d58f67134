import { describe, expect, it } from 'vitest'
import type { Plugin } from '../plugin-kit/plugin.ts'
import type { PluginEntry } from '../plugins/bundled.ts'
import { WorkerPlugins } from './worker-plugins.ts'

function entry(name: string, more: Partial<PluginEntry> = {}): PluginEntry {
  return { name, load: () => Promise.resolve({ name, version: 'plain' } as Plugin), ...more }
}

function rows(...names: string[]) {
  const plugins = names.map((name) => ({ id: name, name, enabled: name !== 'disabled' }))
  return { kind: 'whole', entities: { plugins } } as const
}

describe('WorkerPlugins', () => {
  it('loads what a configuration names, once, and keeps it', async () => {
    let times = 0
    const counted = entry('one', {
      load() {
        times += 1
        return entry('one').load()
      },
    })
    const plugins = new WorkerPlugins([counted, entry('two'), entry('three')], false)
    await plugins.loadFor(rows('one'))
    await plugins.loadFor({
      kind: 'changes',
      base: 1,
      changes: [
        { kind: 'plugins', id: 'p', after: { id: 'p', name: 'two', enabled: true } },
        { kind: 'plugins', id: 'q', after: undefined },
        { kind: 'consumers', id: 'c', after: { id: 'c', name: 'three', enabled: true } },
      ],
    })
    await plugins.loadFor(rows('one'))
    expect([...plugins.loaded.keys()]).toEqual(['one', 'two'])
    expect(times).toBe(1)
  })

  it('takes the plugin for databases where there is one', async () => {
    const withDatabase = entry('one', {
      loadWithDatabase: () => Promise.resolve({ name: 'one', version: 'database' } as Plugin),
    })
    for (const [hasDatabase, version] of [
      [false, 'plain'],
      [true, 'database'],
    ] as const) {
      const plugins = new WorkerPlugins([withDatabase, entry('two')], hasDatabase)
      await plugins.loadFor(rows('one', 'two'))
      expect(plugins.loaded.get('one')?.version).toBe(version)
      expect(plugins.loaded.get('two')?.version).toBe('plain')
    }
  })

  it('leaves out what is configured and disabled', async () => {
    const plugins = new WorkerPlugins([entry('one'), entry('disabled')], false)
    await plugins.loadFor(rows('one', 'disabled'))
    expect([...plugins.loaded.keys()]).toEqual(['one'])
  })

  it('leaves names that are not enabled to whoever compiles', async () => {
    const plugins = new WorkerPlugins([entry('one')], false)
    await plugins.loadFor(rows('other'))
    expect(plugins.loaded.size).toBe(0)
    expect(await plugins.load('other')).toBeUndefined()
  })

  it('says which plugin cannot be loaded, and keeps those that can', async () => {
    const broken = entry('broken', { load: () => Promise.reject(new Error('no such file')) })
    const plugins = new WorkerPlugins([entry('one'), broken], false)
    await plugins.loadFor(rows('one'))
    await expect(plugins.loadFor(rows('one', 'broken'))).rejects.toThrow(
      'Cannot load plugin "broken": no such file',
    )
    expect([...plugins.loaded.keys()]).toEqual(['one'])
  })
})
