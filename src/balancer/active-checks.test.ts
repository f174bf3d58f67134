import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Healthchecks } from '../entities/entity.ts'
import { createBalancers } from './create-balancers.ts'
import { DEFAULT_DNS_SETTINGS } from './dns/dns-settings.ts'
import type { PeerOutcome } from './peer.ts'
import { NO_CHECKS, requestOf, targetsOf, upstreamOf } from './testing/balancing-entities.ts'
import { ManualClock } from './testing/manual-clock.ts'
import { recordingLog } from './testing/recording-log.ts'

type State = 'up' | 'refusing' | 'silent' | 'failing' | 'odd'

const OUTCOMES: Readonly<Record<State, PeerOutcome>> = {
  up: { kind: 'ok', status: 200 },
  refusing: { kind: 'connect-failed' },
  silent: { kind: 'timed-out' },
  failing: { kind: 'ok', status: 500 },
  odd: { kind: 'ok', status: 418 },
}

/** The rules of the specification, written down once more and as plainly as can be. */
class PlainHealth {
  isHealthy = true
  #successes = 0
  readonly #failures: Record<'refusing' | 'silent' | 'failing', number> = {
    refusing: 0,
    silent: 0,
    failing: 0,
  }
  readonly #limits: Limits

  constructor(limits: Limits) {
    this.#limits = limits
  }

  see(state: State): void {
    if (state === 'odd') return
    const limit = state === 'up' ? this.#limits.successes : this.#limits[state]
    if (limit === 0) return
    if (state === 'up') {
      this.#failures.refusing = 0
      this.#failures.silent = 0
      this.#failures.failing = 0
      if (!this.isHealthy) this.#successes += 1
      if (this.#successes >= limit) this.#turn(true)
      return
    }
    this.#successes = 0
    if (this.isHealthy) this.#failures[state] += 1
    if (this.#failures[state] >= limit) this.#turn(false)
  }

  #turn(isHealthy: boolean): void {
    this.isHealthy = isHealthy
    this.#successes = 0
    for (const kind of ['refusing', 'silent', 'failing'] as const) this.#failures[kind] = 0
  }
}

interface Limits {
  readonly successes: number
  readonly refusing: number
  readonly silent: number
  readonly failing: number
}

function checksOf(limits: Limits): Healthchecks {
  const { active } = NO_CHECKS
  return {
    ...NO_CHECKS,
    active: {
      ...active,
      healthy: { ...active.healthy, interval: 1, successes: limits.successes },
      unhealthy: {
        ...active.unhealthy,
        interval: 1,
        tcp_failures: limits.refusing,
        timeouts: limits.silent,
        http_failures: limits.failing,
      },
    },
  }
}

describe('active checks of a server that fails at random', () => {
  it('find it as the rules have it, second by second, and give it traffic only while it is well', async () => {
    const limit = fc.nat(3)
    const limits = fc.record({ successes: limit, refusing: limit, silent: limit, failing: limit })
    const states = fc.array(fc.constantFrom(...(Object.keys(OUTCOMES) as State[])), {
      minLength: 1,
      maxLength: 30,
    })
    let falls = 0
    await fc.assert(
      fc.asyncProperty(limits, states, async (given, seconds) => {
        const clock = new ManualClock()
        let state: State = 'up'
        const balancers = createBalancers({
          dns: DEFAULT_DNS_SETTINGS,
          clock,
          log: recordingLog(),
          probe: async () => OUTCOMES[state],
        })
        balancers.apply([upstreamOf({ healthchecks: checksOf(given) })], targetsOf(['10.0.0.1:80']))
        const source = balancers.source('backend', 80)
        const plain = new PlainHealth(given)
        for (state of seconds) {
          await clock.advance(1_000)
          plain.see(state)
          const [target] = balancers.health('upstream-1')!.targets
          expect(target!.health).toBe(plain.isHealthy ? 'HEALTHY' : 'UNHEALTHY')
          expect('fault' in (await source.pick(requestOf(), []))).toBe(!plain.isHealthy)
          if (!plain.isHealthy) falls += 1
        }
        balancers.close()
        expect(clock.timerCount).toBe(0)
      }),
      { numRuns: 200 },
    )
    expect(falls).toBeGreaterThan(50)
  })
})
