import { describe, expect, it } from 'vitest'
import { encodingOf, readInput, type Encoding } from './read-input.ts'

const read = (encoding: Encoding, body: string, type = '') =>
  readInput(encoding, type, Buffer.from(body))

describe('encodingOf()', () => {
  it.each<[string[], boolean, string | number]>([
    [[], false, 'none'],
    [[''], false, 'none'],
    [[], true, 415],
    [['text/plain'], true, 415],
    [['text/plain'], false, 415],
    [['application/json'], true, 'json'],
    [['Application/JSON; charset=utf-8'], true, 'json'],
    [['application/json-patch+json'], true, 'json'],
    [['application/vnd.api+json'], true, 415],
    [['application/x-www-form-urlencoded'], true, 'form'],
    [['multipart/form-data; boundary=x'], true, 'multipart'],
    [['text/yaml'], true, 'yaml'],
    [['application/json', 'application/json'], true, 400],
  ])('takes %j, with a body: %s, as %s', (types, hasBody, expected) => {
    const found = encodingOf(types, hasBody)
    expect(found.ok ? found.value : found.answer.status).toBe(expected)
  })
})

describe('readInput()', () => {
  it('reads texts of forms with all that is encoded in them', () => {
    expect(read('form', 'a=1+2&b%5Bc%5D=%C3%A9&d=é&e')).toMatchObject({
      ok: true,
      value: { kind: 'form', fields: { a: '1 2', b: { c: 'é' }, d: 'é', e: 'true' } },
    })
  })

  it('reads the parts of a multipart form', () => {
    const part = (name: string, text: string) =>
      `--X\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${text}\r\n`
    const body = `${part('config.a', '1')}${part('tags[]', 'x')}--X--\r\n`
    expect(read('multipart', body, 'multipart/form-data; boundary=X')).toMatchObject({
      ok: true,
      value: { fields: { config: { a: '1' }, tags: ['x'] } },
    })
  })

  it.each<[Encoding, Buffer]>([
    ['form', Buffer.from('a=%ff')],
    ['form', Buffer.from('a=\xff', 'latin1')],
    ['multipart', Buffer.from('--X\r\n\r\n\xff\r\n--X--\r\n', 'latin1')],
    ['yaml', Buffer.from('a: \xff', 'latin1')],
  ])('takes nothing but UTF-8 in %s', (encoding, body) => {
    expect(readInput(encoding, 'multipart/form-data; boundary=X', body)).toEqual({
      ok: false,
      answer: { status: 400, json: { message: 'expected UTF-8' } },
    })
  })

  it.each<[Encoding, string, string]>([
    ['json', '{"a"', 'Cannot parse JSON body'],
    ['json', '', 'Cannot parse JSON body'],
    ['multipart', '--X', 'Cannot parse multipart body'],
    ['form', 'a=1&'.repeat(1001), 'Too many arguments'],
  ])('refuses a bad body in %s', (encoding, body, message) => {
    expect(read(encoding, body, 'multipart/form-data; boundary=X')).toEqual({
      ok: false,
      answer: { status: 400, json: { message } },
    })
  })
})
