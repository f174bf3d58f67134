import { describe, expect, it } from 'vitest'
import { createLogger } from './logger.ts'

function loggerInto(lines: string[], level: 'debug' | 'notice' | 'error' = 'notice') {
  return createLogger({
    writer: { write: (line) => void lines.push(line) },
    level,
    source: '7#0',
    now: () => new Date(2026, 10, 4, 9, 5, 3).getTime(),
  })
}

describe('createLogger()', () => {
  it('writes lines as nginx does', () => {
    const lines: string[] = []
    loggerInto(lines).warn('hello')
    expect(lines).toEqual(['2026/11/04 09:05:03 [warn] 7#0: hello\n'])
  })

  it('leaves out what is below its level, which may change at any time', () => {
    const lines: string[] = []
    const logger = loggerInto(lines, 'error')
    logger.warn('one')
    logger.setLevel('debug')
    logger.debug('two')
    expect(lines).toEqual([expect.stringContaining('[debug] 7#0: two')])
  })

  it('keeps a message on one line, whatever is in it', () => {
    const lines: string[] = []
    loggerInto(lines).warn('a\n2026/11/04 09:05:03 [crit] forged')
    expect(lines.join('').split('\n')).toHaveLength(2)
  })

  it('follows causes', () => {
    const lines: string[] = []
    loggerInto(lines).error('Cannot', new Error('outer', { cause: new Error('inner') }))
    expect(lines[0]).toMatch(/Cannot: Error: outer .* caused by Error: inner/)
  })
})
