import { describe, expect, it, vi } from 'vitest'
import { atOnce } from '../base/steps.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Settings } from '../settings/settings.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import { DataPlane, type WorkerHandle } from './data-plane.ts'
import { unpackSteps } from './packed-entities.ts'
import type { PackedContent } from './worker-messages.ts'

const CERTIFICATES = { proxy: [], admin: [], status: [], console: [] }
const PORTS = new Map([['127.0.0.1:0', 4711]])
const NAMED = (name: string): EntitySet => ({ services: [{ id: name }] })

/** Workers that note what they are told; `die` is what a crash looks like from outside. */
function setUp(count: number, refuses: (index: number) => boolean = () => false) {
  const told: string[] = []
  const deaths: (() => void)[] = []
  const log: string[] = []
  const plane = new DataPlane({
    settings: { nginx_worker_processes: String(count), ssl_session_timeout: '1d' } as Settings,
    nodeId: 'node',
    log: { crit: (message) => log.push(message), error: (message) => log.push(message) },
    createWorker: ({ index }, events) => {
      const life = deaths.length
      const note = (text: string) => told.push(`${life}:${text}`)
      let isGone = false
      let served = 0
      deaths.push(() => {
        isGone = true
        events.onGone('a bug')
      })
      const worker = {
        get isGone() {
          return isGone
        },
        send: ({ kind }: { kind: string }) => note(kind),
        async prepare(_generation: number, content: PackedContent) {
          if (refuses(index)) throw new ConfigurationRefused('no')
          if (content.kind === 'changes') {
            note(`prepare after ${content.base}: ${content.changes.map(({ id }) => id).join()}`)
            return content.base === served
          }
          const { services } = atOnce(unpackSteps(content.entities))
          note(`prepare ${services?.map(({ id }) => id).join()}`)
          return true
        },
        commit: async (generation: number) => {
          served = generation
          note(`commit ${generation}`)
        },
        listen: async (_certificates: unknown, ports?: ReadonlyMap<string, number>) => {
          note(`listen ${ports === undefined ? 'anywhere' : [...ports.values()].join()}`)
          return PORTS
        },
        ask: async () => life,
        drain: async () => note('drain'),
      }
      return worker as unknown as WorkerHandle
    },
  })
  plane.startWorkers(count)
  return { plane, told, log, die: (life: number) => deaths[life]!() }
}

describe('DataPlane', () => {
  it('has all workers prepare before any switches', async () => {
    const { plane, told } = setUp(2)
    await (await plane.prepare(NAMED('a'))).commit()
    expect(told).toEqual(['0:prepare a', '1:prepare a', '0:commit 1', '1:commit 1'])
  })

  it('has none switch when one refuses', async () => {
    const { plane, told } = setUp(2, (index) => index === 1)
    await expect(plane.prepare(NAMED('a'))).rejects.toThrow(ConfigurationRefused)
    expect(told).toEqual(['0:prepare a', '0:discard', '1:discard'])
  })

  it('sends workers what has changed, and all to those that do not serve what it leads on from', async () => {
    vi.useFakeTimers()
    const { plane, told, die } = setUp(2)
    await (await plane.prepare({ services: [{ id: 'b' }, { id: 'a' }] })).commit()
    await plane.listen(CERTIFICATES)
    die(1)
    await vi.advanceTimersByTimeAsync(1000)
    told.length = 0
    const changes = [
      { kind: 'services', id: 'c', after: { id: 'c' } },
      { kind: 'services', id: 'a', after: undefined },
    ]
    await (await plane.prepareChanges(changes)).commit()
    expect(told).toEqual([
      '0:prepare after 1: c,a',
      '2:prepare after 1: c,a',
      '0:commit 2',
      '2:commit 2',
    ])
    told.length = 0
    die(0)
    const prepared = plane.prepareChanges([{ kind: 'services', id: 'd', after: { id: 'd' } }])
    await (await prepared).commit()
    await vi.advanceTimersByTimeAsync(1000)
    expect(told).toContain('3:prepare b,c,d')
    vi.useRealTimers()
  })

  it('has other workers listen on the port that the first one got', async () => {
    const { plane, told } = setUp(3)
    expect(await plane.listen(CERTIFICATES)).toEqual([4711])
    expect(told).toEqual(['0:listen anywhere', '1:listen 4711', '2:listen 4711'])
  })

  it('leads the worker in place of a dead one to what is served', async () => {
    vi.useFakeTimers()
    const { plane, told, log, die } = setUp(2)
    await (await plane.prepare(NAMED('a'))).commit()
    await plane.listen(CERTIFICATES)
    told.length = 0
    die(1)
    expect(await plane.ask<'status'>({ about: 'status' })).toEqual([0])
    await vi.advanceTimersByTimeAsync(2000)
    expect(told).toEqual(['2:prepare a', '2:commit 1', '2:listen 4711'])
    expect(log).toEqual([expect.stringContaining('worker 1 is gone (a bug)')])
    vi.useRealTimers()
  })

  it('lets workers that die before anything is served rest', async () => {
    vi.useFakeTimers()
    const { told, log, die } = setUp(1)
    die(0)
    await vi.advanceTimersByTimeAsync(5000)
    expect([told, log]).toEqual([[], []])
    vi.useRealTimers()
  })
})
