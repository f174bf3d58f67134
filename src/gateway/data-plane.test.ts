import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { atOnce } from '../base/steps.ts'
import type { EntitySet } from '../entities/entity.ts'
import type { Settings } from '../settings/settings.ts'
import { ConfigurationRefused } from './configuration-refused.ts'
import { DataPlane, type WorkerHandle } from './data-plane.ts'
import { unpackSteps } from './packed-entities.ts'
import { StartFault } from './start-fault.ts'
import type { InForceSettings, PackedContent } from './worker-messages.ts'

const CERTIFICATES = { proxy: [], admin: [], status: [], console: [] }
/** Of the first worker; each one that may choose takes the next. */
const FIRST_PORT = 4711
const NAMED = (name: string): EntitySet => ({ services: [{ id: name }] })
/** @param address is listened on */
const settingsWith = (address: string) =>
  ({
    nginx_worker_processes: '2',
    ssl_session_timeout: '1d',
    proxy_listen: address,
  }) as unknown as Settings
const changedTo = (address: string) => ({
  settings: settingsWith(address),
  certificates: CERTIFICATES,
})

/** A worker as it is seen from outside. */
interface Seen {
  isGone: boolean
  served: string
  /** What it served each time it began to listen. */
  readonly listenedWith: string[]
  /** Address and port. */
  listensOn: string | undefined
}

/**
 * Workers that note what they are told, and do it one after the other, each thing taking some turns,
 * and most of all preparing in the first worker; `die` is what a crash looks like from outside.
 */
function setUp(count: number, refuses: (index: number) => boolean = () => false) {
  const told: string[] = []
  const deaths: (() => void)[] = []
  const log: string[] = []
  const workers: Seen[] = []
  const plane = new DataPlane({
    settings: settingsWith('before'),
    nodeId: 'node',
    log: { crit: (message) => log.push(message), error: (message) => log.push(message) },
    createWorker: ({ index, settings }, events) => {
      const life = deaths.length
      const note = (text: string) => told.push(`${life}:${text}`)
      const state: Seen = {
        isGone: false,
        served: 'nothing',
        listenedWith: [],
        listensOn: undefined,
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
      const listenOn = (
        { proxy_listen }: Settings,
        ports: ReadonlyMap<string, number> | undefined,
      ) =>
        inTurn(() => {
          const address = String(proxy_listen)
          if (state.isGone) throw new Error('The worker is gone')
          if (address === 'taken') throw new StartFault('It is taken')
          const port = ports?.get(address) ?? FIRST_PORT + life
          state.listenedWith.push(state.served)
          state.listensOn = `${address} ${port}`
          return new Map([[address, port]])
        })
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
          return listenOn(settings, ports)
        },
        applySettings: async (changed: InForceSettings, ports?: ReadonlyMap<string, number>) => {
          note(`apply ${changed.settings.proxy_listen}`)
          return listenOn(changed.settings, ports)
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
    expect(told).toEqual(['2:prepare a', '2:commit 1', '2:apply before'])
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

  describe.each([0, 1])('with settings that change as worker %i dies', (index) => {
    const moments = Array.from({ length: 60 }, (_, at) => at)
    it.each(moments)('has all listen on the same when it dies %i turns later', async (at) => {
      await dieDuringChange(index, { changesAt: 0, diesAt: at })
    })
    it.each(moments)('has all listen on the same when it died %i turns before', async (at) => {
      await dieDuringChange(index, { changesAt: at, diesAt: 0 })
    })
  })

  it('takes changed settings over while no worker is up', async () => {
    const { plane, workers, die } = await serving()
    die(0)
    die(1)
    await plane.applySettings(changedTo('after'), 2)
    await vi.advanceTimersByTimeAsync(2000)
    const [first, other] = listening(workers)
    expect(first).toContain('after')
    expect(other).toBe(first)
  })

  it('leaves all as before when the first worker cannot listen as it should', async () => {
    const { plane, workers, die } = await serving()
    await expect(plane.applySettings(changedTo('taken'), 3)).rejects.toThrow(StartFault)
    expect(listening(workers)).toEqual(['before 4711', 'before 4711'])
    die(1)
    await vi.advanceTimersByTimeAsync(2000)
    expect(listening(workers)).toEqual(['before 4711', 'before 4711'])
  })

  it('does not bring back a worker that died and is no longer wanted', async () => {
    const { plane, workers, told, die } = await serving()
    await plane.applySettings(changedTo('before'), 3)
    // It has hardly lived, so another one is to come a second later.
    die(2)
    await plane.applySettings(changedTo('before'), 2)
    await vi.advanceTimersByTimeAsync(2000)
    expect(workers).toHaveLength(3)
    await plane.applySettings(changedTo('before'), 3)
    die(3)
    await plane.applySettings(changedTo('before'), 2)
    await plane.applySettings(changedTo('before'), 3)
    await vi.advanceTimersByTimeAsync(2000)
    expect(workers).toHaveLength(5)
    expect(told).not.toContain('4:drain')
    expect(await plane.ask<'status'>({ about: 'status' })).toEqual([0, 1, 4])
  })

  it('says nothing of a worker that was no longer wanted while it came up', async () => {
    const { plane, log, workers, die } = await serving()
    die(1)
    vi.advanceTimersByTime(0)
    await plane.applySettings(changedTo('before'), 1)
    workers[2]!.isGone = true
    await vi.advanceTimersByTimeAsync(2000)
    expect(log).toEqual([expect.stringContaining('worker 1 is gone')])
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
  expect(workers[2]!.listenedWith).toEqual([expect.not.stringMatching('nothing')])
  expect(log).toHaveLength(1)
}

/** Two workers that serve and have lived long enough for another one to come at once. */
async function serving() {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const setting = setUp(2)
  await (await setting.plane.prepare(NAMED('a'))).commit()
  await setting.plane.listen(CERTIFICATES)
  await vi.advanceTimersByTimeAsync(2000)
  return setting
}

function listening(workers: readonly Seen[]): readonly (string | undefined)[] {
  return workers.filter(({ isGone }) => !isGone).map(({ listensOn }) => listensOn)
}

/** Moments are counted in turns. */
async function dieDuringChange(
  index: number,
  { changesAt, diesAt }: { readonly changesAt: number; readonly diesAt: number },
): Promise<void> {
  const { plane, workers, log, die } = await serving()
  const change = turns(changesAt)
    .then(() => plane.applySettings(changedTo('after'), 2))
    .then(
      () => 'after',
      (error: Error) => {
        expect(error.message).toBe('The worker is gone')
        return 'before'
      },
    )
  await turns(diesAt)
  die(index)
  vi.advanceTimersByTime(0)
  const meant = await change
  // Only the worker that tries the addresses can keep them from being changed.
  if (index !== 0) expect(meant).toBe('after')
  await vi.advanceTimersByTimeAsync(2000)
  const ports = listening(workers).map((listensOn) => listensOn?.replace(meant, ''))
  expect(listening(workers)).toEqual([0, 0].map(() => expect.stringContaining(meant)))
  expect(new Set(ports).size).toBe(1)
  expect(workers.flatMap(({ listenedWith }) => listenedWith)).not.toContain('nothing')
  expect(log).toHaveLength(1)
}
