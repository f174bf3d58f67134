import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isMalformedPath, normalizePath } from './normalize-path.ts'

/** Paths made of what bypasses are made of. */
const hostilePath = fc
  .array(
    fc.constantFrom(
      '/',
      '//',
      '.',
      '..',
      '/.',
      '/..',
      '/../',
      '%2e',
      '%2E',
      '%2f',
      '%2F',
      '%5c',
      '\\',
      ';',
      '%3b',
      '%25',
      '%252e',
      '%',
      '%2',
      '%zz',
      '%c0%ae',
      '%C0%AF',
      '%e0%80%af',
      '%41',
      '%7E',
      '~',
      'a',
      'admin',
      '\u00e9',
      '%c3%a9',
      '#',
      '%23',
      '%3F',
      ' ',
      '%20',
      '%00',
    ),
    { maxLength: 12 },
  )
  .map((parts) => `/${parts.join('')}`)

/** What a lenient backend makes of a path: decodes everything, then resolves dot segments. */
function segmentsOfBackend(path: string): readonly string[] {
  const kept: string[] = []
  for (const segment of path.replaceAll(/%2e/gi, '.').split('/')) {
    if (segment === '..') kept.pop()
    else if (segment !== '' && segment !== '.') kept.push(segment)
  }
  return kept
}

describe(normalizePath, () => {
  it.each([
    ['/', '/'],
    ['', '/'],
    ['/a/b', '/a/b'],
    ['/a/b/', '/a/b/'],
    ['//a///b//', '/a/b/'],
    ['/a/./b/.', '/a/b/'],
    ['/a/../b', '/b'],
    ['/a/b/..', '/a/'],
    ['/../../a', '/a'],
    ['/.hidden/..b/c..', '/.hidden/..b/c..'],
    ['/%61%62', '/ab'],
    ['/%7Euser', '/~user'],
    ['/a%20b', '/a b'],
    ['/caf%c3%a9', '/caf\u00c3\u00a9'],
    ['/a%2fb', '/a%2Fb'],
    ['/a%3b%3F%23%25', '/a%3B%3F%23%25'],
    ['/pre/%2e%2E/x', '/x'],
    ['/a/..%2f..%2fb', '/a/..%2F..%2Fb'],
    ['/a\\..\\b', '/a\\..\\b'],
    ['/a;x/../b', '/b'],
    ['/%2', '/%252'],
    ['/%%34%31', '/%2541'],
  ])('takes %s to %s', (raw, normal) => {
    expect(normalizePath(raw)).toBe(normal)
  })

  it('returns the very string when there is nothing to do', () => {
    const path = `/${'orders/'.repeat(20)}.well-known-not`
    expect(normalizePath('/orders/42')).toBe('/orders/42')
    expect(Object.is(normalizePath(path), path)).toBe(true)
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const once = normalizePath(raw)
        expect(normalizePath(once)).toBe(once)
      }),
    )
  })

  it('leaves no segment that a backend would resolve or merge', () => {
    fc.assert(
      fc.property(hostilePath, (raw) => {
        const normal = normalizePath(raw)
        expect(normal.startsWith('/')).toBe(true)
        expect(normal).not.toMatch(/\/\/|\/\.{1,2}(?:\/|$)|%2e|%[0-9a-f]?[a-f]/)
        expect(segmentsOfBackend(normal)).toEqual(normal.split('/').filter((part) => part !== ''))
      }),
    )
  })

  it('gives one form to all spellings of a path', () => {
    fc.assert(
      fc.property(
        fc.stringMatching(/^(?:\/[a-z0-9~._-]{1,5}){1,4}$/),
        fc.infiniteStream(fc.boolean()),
        (path, coin) => {
          const spelled = path
            .split('')
            .map((letter) =>
              letter !== '/' && coin.next().value
                ? `%${letter.charCodeAt(0).toString(16)}`
                : letter,
            )
            .join('')
          expect(normalizePath(spelled)).toBe(normalizePath(path))
        },
      ),
    )
  })
})

describe(isMalformedPath, () => {
  it.each([
    '',
    '*',
    'a/b',
    '/%',
    '/a%2',
    '/%zz',
    '/%00',
    '/a\0',
    '/..',
    '/a/../../b',
    '/%2e%2e/a',
    '/a/..%2f..%2fb',
    '/a/%2e%2e%2F..',
  ])('refuses %s', (path) => {
    expect(isMalformedPath(path)).toBe(true)
  })

  it.each([
    '/',
    '/a/../b',
    '/a/b/../../c',
    '/..a',
    '/a%2Fb',
    '/%20',
    '/a\\..\\..',
    '/.',
    '//',
    '/a/..%2fb',
  ])('lets %s pass', (path) => {
    expect(isMalformedPath(path)).toBe(false)
  })
})
