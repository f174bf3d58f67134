import { describe, expect, it } from 'vitest'
import { outputPattern, readReadme } from './read-readme.ts'

describe('readReadme', () => {
  it('pairs commands with the output shown below them', () => {
    const markdown = 'Try\n\n```bash\necho a\n```\n\nand see\n\n```text\na\n```\n'
    expect(readReadme(markdown)).toEqual([{ kind: 'commands', commands: 'echo a', output: 'a' }])
  })

  it('keeps servers and what is seen in their terminal apart', () => {
    const markdown = '```bash server=api\nserve\n```\n```text server=api\nGET /\n```\n'
    expect(readReadme(markdown)).toEqual([
      { kind: 'server', name: 'api', commands: 'serve' },
      { kind: 'seen', server: 'api', output: 'GET /' },
    ])
  })

  it('leaves blocks in other languages to the reader', () => {
    expect(readReadme('```yaml\na: 1\n```\n')).toEqual([])
  })

  it('refuses an output without a command', () => {
    expect(() => readReadme('```text\na\n```\n')).toThrow('no bash block stands before it')
  })
})

describe('outputPattern', () => {
  it.each([
    ['a', 'a\n', true],
    ['a', 'a\nb\n', false],
    ['a.c', 'abc\n', false],
    ['id: …', 'id: 42\n', true],
    ['id: …', 'id: 42\nmore\n', false],
    ['a\n…\nb', 'a\nb\n', true],
    ['a\n…\nb', 'a\nx\ny\nb\n', true],
    ['a\n…\nb', 'a\nx\nbc\n', false],
  ])('%j takes %j: %s', (shown, printed, matches) => {
    expect(outputPattern(shown).test(printed)).toBe(matches)
  })
})
