import { describe, expect, it } from 'vitest'
import { parseArguments } from './parse-arguments.ts'

const command = {
  options: {
    conf: { short: 'c', takes: 'text' },
    timeout: { short: 't', takes: 'number' },
    all: { short: 'a' },
  },
} as const

describe('parseArguments()', () => {
  it.each([
    [['-c', 'x.conf', 'parse', 'y.yml'], { conf: 'x.conf' }, ['parse', 'y.yml']],
    [['parse', '--conf=x.conf', '--v'], { conf: 'x.conf', v: true }, ['parse']],
    [['-a', '--', '-c'], { all: true }, ['-c']],
    [['-t', '5', '-'], { timeout: '5' }, ['-']],
    [['-t5', '-c=x.conf', '-vv'], { timeout: '5', conf: 'x.conf', vv: true }, []],
  ])('reads %j', (words, options, operands) => {
    expect(parseArguments(words, command)).toEqual({ options, operands })
  })

  it.each([
    [['--nope=1'], 'unrecognized parameter: nope'],
    [['-x'], 'unrecognized parameter: x'],
    [['--toString'], 'unrecognized parameter: toString'],
    [['-c'], 'conf was expecting a value'],
    [['-t', 'soon'], 'unable to convert to number: soon'],
  ])('refuses %j', (words, fault) => {
    expect(parseArguments(words, command)).toEqual({ fault })
  })
})
