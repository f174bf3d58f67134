import { describe, expect, it } from 'vitest'
import { VainQuestions } from './vain-questions.ts'

const LIMITS = { ofOneClient: 1, ofAll: 0, atATime: 10 }

describe('VainQuestions', () => {
  it.each([
    ['2001:db8:1:2::1', '2001:db8:1:2:ffff::9', true],
    ['2001:db8:1:2::1', '2001:db8:1:3::1', false],
    ['2001:db8::1', '2001:db8:0:0:5::', true],
    ['::1', '::2', true],
    ['::ffff:10.0.0.1', '::ffff:10.0.0.2', false],
    ['10.0.0.1', '10.0.0.2', false],
  ])('takes %s and %s for one client: %s', (one, other, isOne) => {
    const questions = new VainQuestions(
      LIMITS,
      () => 0,
      () => undefined,
    )
    questions.begin(one)!('in-vain')
    expect(questions.begin(other) === undefined).toBe(isOne)
  })

  it('has no limits where they are 0', () => {
    const questions = new VainQuestions(
      { ...LIMITS, ofOneClient: 0 },
      () => 0,
      () => undefined,
    )
    for (let at = 0; at < 10_000; at += 1) questions.begin('a')!('in-vain')
  })

  it('tells one client apart from another no more than it can remember', () => {
    const questions = new VainQuestions(
      LIMITS,
      () => 0,
      () => undefined,
    )
    for (let at = 0; at < 100_000; at += 1) questions.begin(String(at))!('in-vain')
    expect(questions.size).toBeLessThanOrEqual(10_000)
    expect(questions.begin('99999')).toBeUndefined()
  })

  it('does not grow back while the clock goes backwards', () => {
    let now = 60_000
    const questions = new VainQuestions(
      LIMITS,
      () => now,
      () => undefined,
    )
    questions.begin('a')!('in-vain')
    now = 0
    expect(questions.begin('a')).toBeUndefined()
  })
})
