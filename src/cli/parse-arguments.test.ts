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
  ])('reads %j', (words, options, operands) => {
    expect(parseArguments(words, command)).toEqual({ options, operands })
  })

  it.each([
    [['--nope'], "unrecognized parameter '--nope'"],
    [['--toString'], "unrecognized parameter '--toString'"],
    [['-c'], "parameter '-c' needs a value"],
    [['-t', 'soon'], 'timeout: unable to convert to number: soon'],
  ])('refuses %j', (words, fault) => {
    expect(parseArguments(words, command)).toEqual({ fault })
  })
})
