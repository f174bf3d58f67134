import { describe, expect, it } from 'vitest'
import { bodyValues, readBodyFields, withoutBodyField, writeBodyFields } from './body-fields.ts'

const FORM = 'application/x-www-form-urlencoded'
const MULTIPART = 'multipart/form-data; boundary=b'

function multipart(...fields: [name: string, value: string][]): string {
  const parts = fields.map(
    ([name, value]) => `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`,
  )
  return `${parts.join('')}--b--\r\n`
}

const read = (contentType: string | undefined, body: string) =>
  readBodyFields(contentType, Buffer.from(body))

describe('readBodyFields', () => {
  it.each([
    ['text', 'text/plain', 'key=1'],
    ['no type', undefined, 'key=1'],
    ['broken JSON', 'application/json', '{'],
    ['a JSON list', 'application/json', '["key"]'],
    ['a multipart type without boundary', 'multipart/form-data', multipart(['key', '1'])],
    ['a broken multipart body', MULTIPART, 'key=1'],
  ])('finds no fields in %s', (_, contentType, body) => {
    expect(read(contentType, body)).toBeUndefined()
  })

  it('does not read JSON that is not UTF-8', () => {
    const body = Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])
    expect(readBodyFields('application/json', body)).toBeUndefined()
  })
})

describe('bodyValues', () => {
  it.each([
    ['a form field', FORM, 'a=1&key=x+y%21', ['x y!']],
    ['a form field with raw UTF-8', FORM, 'key=pä%20ß', ['pä ß']],
    ['a bare form field', FORM, 'key', [true]],
    ['a repeated form field', FORM, 'key=x&key=y', ['x', 'y']],
    ['a JSON member', 'application/json; charset=utf-8', '{"key":"x"}', ['x']],
    ['a JSON list', 'application/json', '{"key":["x","y"]}', [['x', 'y']]],
    ['a JSON number', 'application/json', '{"key":1}', [1]],
    ['a part', MULTIPART, multipart(['a', '1'], ['key', 'x']), ['x']],
    ['a part of each', MULTIPART, multipart(['key', 'x'], ['key', 'y']), ['x', 'y']],
    ['no other name', FORM, 'key[]=x&KEY=y', []],
  ])('are those of %s', (_, contentType, body, expected) => {
    expect(bodyValues(read(contentType, body)!, 'key')).toEqual(expected)
  })

  it('are never those an object inherits', () => {
    expect(bodyValues(read('application/json', '{}')!, 'constructor')).toEqual([])
  })
})

describe('withoutBodyField', () => {
  it.each([
    ['a form', FORM, 'a=1&key=x&b', 'a=1&b'],
    ['a form, encoding what needs it', FORM, 'key=x&a=%20%26&c=', 'a=%20%26&c='],
    ['JSON', 'application/json', '{"a":{"key":1},"key":"x","b":[2]}', '{"a":{"key":1},"b":[2]}'],
    ['parts', MULTIPART, multipart(['a', '1'], ['key', 'x']), multipart(['a', '1'])],
  ])('takes the field out of %s', (_, contentType, body, expected) => {
    const written = writeBodyFields(withoutBodyField(read(contentType, body)!, 'key'))
    expect(Buffer.from(written as string).toString()).toBe(expected)
  })
})
