import { describe, expect, it, onTestFinished, vi } from 'vitest'
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

/**
 * Workers that note what they are told, and do it one after the other, each thing taking some turns,
 * and most of all preparing in the first worker; `die` is what a crash looks like from outside.
 */
function setUp(count: number, refuses: (index: number) => boolean = () => false) {
  const told: string[] = []
  const deaths: (() => void)[] = []
  const log: string[] = []
  const workers: { isGone: boolean; served: string; listensWith: string | undefined }[] = []
  const plane = new DataPlane({
    settings: { nginx_worker_processes: String(count), ssl_session_timeout: '1d' } as Settings,
    nodeId: 'node',
    log: { crit: (message) => log.push(message), error: (message) => log.push(message) },
    createWorker: ({ index }, events) => {
      const life = deaths.length
      const note = (text: string) => told.push(`${life}:${text}`)
      const state = {
        isGone: false,
        served: 'nothing',
        listensWith: undefined as string | undefined,
      }
      workers.push(state)
      let served = 0
      let candidate: { readonly generation: number; readonly named: string } | undefined
      let turn: Promise<unknown> = Promise.resolve()
      const inTurn = <Result>(work: () => Result, takesTurns = 3): Promise<Result> => {
        const done = turn.then(() => turns(takesTurns)).then(work)
        turn = done
        return done
      }
      deaths.push(() => {
        state.isGone = true
        events.onGone('a bug')
      })
      const worker = {
        get isGone() {
          return state.isGone
        },
        send: ({ kind }: { kind: string }) => note(kind),
        async prepare(generation: number, content: PackedContent) {
          if (refuses(index)) throw new ConfigurationRefused('no')
          if (content.kind === 'changes') {
            const ids = content.changes.map(({ id }) => id).join()
            note(`prepare after ${content.base}: ${ids}`)
            return inTurn(() => {
              const isPrepared = content.base === served
              if (isPrepared) candidate = { generation, named: ids }
              return isPrepared
            })
          }
          const { services } = atOnce(unpackSteps(content.entities))
          const named = services?.map(({ id }) => id).join() ?? 'nothing'
          note(`prepare ${named}`)
          return inTurn(
            () => {
              candidate = { generation, named }
              return true
            },
            life === 0 ? 40 : 3,
          )
        },
        commit: async (generation: number) => {
          note(`commit ${generation}`)
          return inTurn(() => {
            if (state.isGone) return true
            if (candidate?.generation !== generation) return served === generation
            served = generation
            state.served = candidate.named
            candidate = undefined
            return true
          })
        },
        listen: async (_certificates: unknown, ports?: ReadonlyMap<string, number>) => {
          note(`listen ${ports === undefined ? 'anywhere' : [...ports.values()].join()}`)
          return inTurn(() => {
            state.listensWith = state.served
            return PORTS
          })
        },
        ask: async () => life,
        drain: async () => note('drain'),
      }
      return worker as unknown as WorkerHandle
    },
  })
  plane.startWorkers(count)
  return { plane, told, log, workers, die: (life: number) => deaths[life]!() }
}

/** Lets what is due go on so many times. */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn += 1) await Promise.resolve()
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

  describe.each(['commit', 'drop'] as const)('with a load that ends in %s', (end) => {
    // Each is another order in which the new worker hears of the two configurations.
    const moments = Array.from({ length: 60 }, (_, at) => at)
    it.each(moments)(
      'has a worker that comes up %i turns into it serve what is served',
      async (at) => {
        await bringUpDuringLoad(end, { loadAt: 0, comesUpAt: at })
      },
    )
    it.each(moments)(
      'has a worker that came up %i turns before it serve what is served',
      async (at) => {
        await bringUpDuringLoad(end, { loadAt: at, comesUpAt: 0 })
      },
    )
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

/** Moments are counted in turns. */
async function bringUpDuringLoad(
  end: 'commit' | 'drop',
  { loadAt, comesUpAt }: { readonly loadAt: number; readonly comesUpAt: number },
): Promise<void> {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const { plane, workers, log, die } = setUp(2)
  await (await plane.prepare(NAMED('before'))).commit()
  await plane.listen(CERTIFICATES)
  await vi.advanceTimersByTimeAsync(2000)
  const load = turns(loadAt)
    .then(() => plane.prepare(NAMED('after')))
    .then((prepared) => prepared[end]())
  await turns(comesUpAt)
  // It has lived long enough for another one to come at once.
  die(1)
  vi.advanceTimersByTime(0)
  await load
  await vi.advanceTimersByTimeAsync(2000)
  const served = end === 'commit' ? 'after' : 'before'
  expect(workers.filter(({ isGone }) => !isGone).map((worker) => worker.served)).toEqual([
    served,
    served,
  ])
  expect(workers[2]!.listensWith).not.toBe('nothing')
  expect(log).toHaveLength(1)
}
