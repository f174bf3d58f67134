import protobuf from 'protobufjs'
import { describe, expect, it } from 'vitest'
import { jsonToMessage, messageToJson } from './proto-json.ts'

const { root } = protobuf.parse(
  `syntax = "proto3";
   import "google/protobuf/any.proto";
   message Inner { string some_name = 1; }
   enum Size { SMALL = 0; LARGE = 5; }
   message All {
     double d = 1; float f = 2; int32 i32 = 3; uint32 u32 = 4; sint32 s32 = 5; fixed32 f32 = 6;
     int64 i64 = 7; uint64 u64 = 8; bool flag = 9; string text = 10; bytes raw = 11; Size size = 12;
     Inner inner = 13; repeated Inner many = 14; map<string, int32> counts = 15;
     optional int32 maybe = 16; oneof either { string left = 17; int32 right = 18; }
     google.protobuf.Timestamp at = 19; google.protobuf.Duration took = 20;
     google.protobuf.Struct any_json = 21; google.protobuf.Value value = 22;
     google.protobuf.ListValue list = 23; google.protobuf.FieldMask mask = 24;
     google.protobuf.Int64Value wrapped = 25; google.protobuf.BoolValue yes = 26;
     google.protobuf.Any any = 27; repeated Size sizes = 28; map<int32, Inner> by_number = 29;
   }`,
  { keepCase: true },
)
for (const name of ['any', 'duration', 'field_mask', 'struct', 'timestamp', 'wrappers'])
  root.addJSON(
    (protobuf.common.get(`google/protobuf/${name}.proto`) as protobuf.INamespace).nested!,
  )
const All = root.resolveAll().lookupType('All')

/** To the wire and back. */
function trip(json: unknown): Record<string, unknown> {
  const bytes = All.encode(jsonToMessage(All, json)).finish()
  return messageToJson(All, All.decode(bytes)) as Record<string, unknown>
}

const DEFAULTS = {
  d: 0,
  f: 0,
  i32: 0,
  u32: 0,
  s32: 0,
  f32: 0,
  i64: 0,
  u64: 0,
  flag: false,
  text: '',
  raw: '',
  size: 'SMALL',
}

describe('messageToJson and jsonToMessage', () => {
  it('write scalars that are not there as their defaults, and nothing else', () => {
    expect(trip({})).toEqual(DEFAULTS)
  })

  it.each([
    ['d', 1.5],
    ['d', 'NaN'],
    ['d', '-Infinity'],
    ['f', 0.1],
    ['f', 16777216],
    ['i32', -2147483648],
    ['u32', 4294967295],
    ['s32', -5],
    ['f32', 7],
    ['i64', 9007199254740991],
    ['i64', '-9223372036854775808'],
    ['u64', '18446744073709551615'],
    ['flag', true],
    ['text', 'ünd "so"'],
    ['raw', 'AAH/'],
    ['size', 'LARGE'],
    ['size', 77],
    ['inner', { some_name: 'x' }],
    ['many', [{ some_name: 'x' }, { some_name: '' }]],
    ['counts', { a: 1, b: -2 }],
    ['by_number', { 5: { some_name: 'five' } }],
    ['maybe', 0],
    ['left', ''],
    ['right', 0],
    ['sizes', ['LARGE', 'SMALL']],
    ['at', '2026-01-02T03:04:05Z'],
    ['at', '1969-12-31T23:59:59.120Z'],
    ['at', '2026-01-02T03:04:05.000000001Z'],
    ['took', '1.500s'],
    ['took', '-0.000001s'],
    ['took', '3600s'],
    ['any_json', { a: [1, null, 'x', { b: true }], c: {} }],
    ['value', null],
    ['value', [1, 2]],
    ['value', false],
    ['list', []],
    ['list', ['a', { b: 1 }]],
    ['mask', 'userName,b.cD'],
    ['wrapped', 0],
    ['wrapped', '9223372036854775807'],
    ['yes', false],
    ['any', { '@type': 'type.googleapis.com/Inner', some_name: 'x' }],
    ['any', { '@type': 'type.googleapis.com/google.protobuf.Duration', value: '2s' }],
  ])('keep %s %j', (name, value) => {
    expect(trip({ [name]: value })).toEqual({ ...DEFAULTS, [name]: value })
  })

  it.each([
    ['i32', '7', 7],
    ['i64', '7', 7],
    ['d', '1.25', 1.25],
    ['flag', '0', false],
    ['flag', 'false', false],
    ['flag', 'anything', true],
    ['flag', true, true],
    ['text', 5, '5'],
    ['text', true, ''],
    ['size', '5', 'LARGE'],
    ['sizes', 'LARGE', ['LARGE']],
    ['at', '2026-01-02T03:04:05+01:00', '2026-01-02T02:04:05Z'],
  ])('take what a query says: %s %j', (name, given, kept) => {
    expect(trip({ [name]: given })[name]).toEqual(kept)
  })

  it('take names in camel case, leave out what the message does not have, and null', () => {
    expect(
      trip({ anyJson: { a: 1 }, inner: { someName: 'x', other: 1 }, nothing: 1, i32: null }),
    ).toEqual({ ...DEFAULTS, any_json: { a: 1 }, inner: { some_name: 'x' } })
  })

  it.each([
    [{ i32: 2147483648 }, 'i32'],
    [{ i32: 1.5 }, 'i32'],
    [{ i32: 'x' }, 'i32'],
    [{ i32: '' }, 'i32'],
    [{ u32: -1 }, 'u32'],
    [{ i64: '9223372036854775808' }, 'i64'],
    [{ u64: -1 }, 'u64'],
    [{ i64: true }, 'i64'],
    [{ d: 'many' }, 'd'],
    [{ flag: 1 }, 'flag'],
    [{ text: {} }, 'text'],
    [{ raw: '%' }, 'raw'],
    [{ size: 'HUGE' }, 'size'],
    [{ inner: 'x' }, 'inner'],
    [{ inner: [] }, 'inner'],
    [{ many: { some_name: 'x' } }, 'many'],
    [{ many: [{ some_name: [] }] }, 'many[0].some_name'],
    [{ counts: [1] }, 'counts'],
    [{ counts: { a: 'x' } }, 'counts.a'],
    [{ at: 'yesterday' }, 'at'],
    [{ took: '5 minutes' }, 'took'],
    [{ any_json: [] }, 'any_json'],
    [{ list: {} }, 'list'],
    [{ mask: 1 }, 'mask'],
    [{ any: { some_name: 'x' } }, 'any'],
  ])('refuse %j, naming the place', (json, place) => {
    expect(() => trip(json)).toThrow(`Cannot encode "${place}"`)
  })
})
