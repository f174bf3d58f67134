import { describe, expect, it } from 'vitest'
import type { Resource } from './resource.ts'
import { resourceTable } from './resource-table.ts'

const resource = (path: string): Resource => ({ path, methods: {} })
const table = resourceTable(
  [
    '/',
    '/plugins',
    '/plugins/{plugins}',
    '/plugins/enabled',
    '/plugins/{plugins}/service',
    '/plugins/schema/{name}',
    '/key-sets/{key_sets}',
    '/schemas/{name}',
    '/schemas/plugins/{name}',
    '/schemas/{entity}/validate',
  ].map(resource),
)

const found = (path: string) => {
  const match = table.match(path)
  return match && [match.resource.path, match.params]
}

describe('resourceTable()', () => {
  it.each<[string, string | undefined, Record<string, string>]>([
    ['/', '/', {}],
    ['/plugins', '/plugins', {}],
    ['/plugins/', '/plugins', {}],
    ['/plugins/enabled', '/plugins/enabled', {}],
    ['/plugins/x', '/plugins/{plugins}', { plugins: 'x' }],
    ['/plugins/schema/service', '/plugins/schema/{name}', { name: 'service' }],
    ['/plugins/enabled/service', '/plugins/{plugins}/service', { plugins: 'enabled' }],
    ['/schemas/plugins/validate', '/schemas/plugins/{name}', { name: 'validate' }],
    ['/schemas/routes/validate', '/schemas/{entity}/validate', { entity: 'routes' }],
    ['/plugins/a%2Fb', '/plugins/{plugins}', { plugins: 'a/b' }],
    ['/plugins/b%C3%B6b', '/plugins/{plugins}', { plugins: 'böb' }],
    ['/plugins/b\u{c3}\u{b6}b', '/plugins/{plugins}', { plugins: 'böb' }],
    ['/plugins/%zz', '/plugins/{plugins}', { plugins: '%zz' }],
    ['/plugins/a+b', '/plugins/{plugins}', { plugins: 'a+b' }],
  ])('takes %s', (path, expected, params) => {
    expect(found(path)).toEqual([expected, params])
  })

  it.each([
    '/nope',
    '/plugins/x/y',
    '/plugins//service',
    '/plugins//',
    '//plugins',
    '/__proto__',
    '/Plugins',
  ])('has nothing at %s', (path) => {
    expect(found(path)).toBeUndefined()
  })

  it('answers paths of thousands of segments', () => {
    expect(found('/a'.repeat(10_000))).toBeUndefined()
  })

  it('lists paths by their segments, names before parameters', () => {
    expect(table.paths()).toEqual([
      '/',
      '/key-sets/{key_sets}',
      '/plugins',
      '/plugins/enabled',
      '/plugins/schema/{name}',
      '/plugins/{plugins}',
      '/plugins/{plugins}/service',
      '/schemas/plugins/{name}',
      '/schemas/{entity}/validate',
      '/schemas/{name}',
    ])
  })

  it('lets a later resource take the place of an earlier one', () => {
    const later = resource('/a')
    expect(resourceTable([resource('/a'), later]).match('/a')?.resource).toBe(later)
  })
})
