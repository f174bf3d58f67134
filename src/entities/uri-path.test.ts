import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeFault, migratedRoutePath, normalRoutePath, pathFault } from './uri-path.ts'

describe('pathFault', () => {
  it.each([
    ['/a/b-c_d.e~f%20', undefined],
    ["/a:b@c!$&'()*+,;=", undefined],
    ['/a b', "invalid path: '/a b' (characters outside of the reserved list of RFC 3986 found)"],
    ['/a%2', "invalid url-encoded value: '%2'"],
    ['/a%zz', "invalid url-encoded value: '%zz'"],
  ])('says of %s: %s', (path, message) => {
    expect(pathFault(path)).toBe(message)
  })
})

describe('escapeFault', () => {
  it('looks at nothing but percent signs', () => {
    expect(escapeFault('~/a b\\d+%41')).toBeUndefined()
    expect(escapeFault('~/%4')).toBe("invalid url-encoded value: '%4'")
  })
})

describe('normalRoutePath', () => {
  it.each([
    ['/a/../b', '/b'],
    ['/a%20b', '/a b'],
    ['/%61', '/a'],
    ['/a%2fb', '/a%2Fb'],
    ['/a//b', '/a/b'],
    ['/b%C3%B6b', '/böb'],
    ['/%FF', '/%FF'],
    ['/böb', '/böb'],
  ])('makes %s of %s', (path, normal) => {
    expect(normalRoutePath(path)).toBe(normal)
  })

  it('changes nothing the second time', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        const normal = normalRoutePath(`/${text.replaceAll('%', '')}`)
        expect(normalRoutePath(normal)).toBe(normal)
      }),
    )
  })
})

describe('migratedRoutePath', () => {
  it.each([
    ['/plain-_.~path', '/plain-_.~path'],
    ['/per%20cent', '/per cent'],
    ['/file.json', '/file.json'],
    ['/re/\\d+$', '~/re/\\d+$'],
    ['/br/[a-z]+', '~/br/[a-z]+'],
    ['/a+b', '~/a+b'],
    ['/v1/things:batch', '~/v1/things:batch'],
    ['/(a)%2eb%41%2f', '~/(a)\\.bA%2F'],
  ])('brings %s to %s', (old, migrated) => {
    expect(migratedRoutePath(old)).toBe(migrated)
  })
})
