import { describe, expect, it } from 'vitest'
import { pathTemplate } from './path-template.ts'

const match = (template: string, path: string) => {
  const variables = pathTemplate(template).match(path)
  return variables && Object.fromEntries(variables)
}

describe('pathTemplate', () => {
  it.each([
    ['/v1/messages/{name}', '/v1/messages/a', { name: 'a' }],
    ['/v1/messages/{name}', '/v1/messages/a/b', undefined],
    ['/v1/messages/{name}', '/v1/messages/', undefined],
    ['/v1/messages/{name}', '/x/v1/messages/a', undefined],
    ['/v1/{name=shelves/*/books/*}', '/v1/shelves/1/books/2', { name: 'shelves/1/books/2' }],
    ['/v1/{name=shelves/*/books/*}', '/v1/shelves/1/2/books/3', undefined],
    ['/v1/{name=**}:undelete', '/v1/a/b:undelete', { name: 'a/b' }],
    ['/v1/{name=*}/{sub.field}', '/v1/a/b', { name: 'a', 'sub.field': 'b' }],
    ['/v1/*/x', '/v1/any/x', {}],
    ['/v1/**', '/v1/a/b/c', {}],
    ['/v1.0/(a)', '/v1.0/(a)', {}],
    ['/v1.0/a', '/v1x0/a', undefined],
  ])('%s on %s finds %j', (template, path, found) => {
    expect(match(template, path)).toEqual(found)
  })
})
