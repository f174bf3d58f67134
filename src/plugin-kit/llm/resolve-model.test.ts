import { describe, expect, it } from 'vitest'
import { fakeExchange } from '../testing/fake-exchange.ts'
import type { ModelConfig } from './llm-fields.ts'
import { resolveModel } from './resolve-model.ts'

const exchange = fakeExchange(
  {
    path: '/?model=asked&bare',
    headers: { 'X-Model': 'said' },
    captures: { named: { model: 'captured' }, unnamed: [] },
  },
  { startedAtMs: 0, recordsDecisions: false },
)

const resolve = (name: string | undefined, options: object = {}) =>
  resolveModel(exchange, { provider: 'openai', name, options } as ModelConfig)

describe('resolveModel()', () => {
  it.each([
    ['fixed', 'fixed'],
    [undefined, undefined],
    ['$(headers.X-Model)', 'said'],
    ['$(query_params.model)', 'asked'],
    ['$(uri_captures.model)', 'captured'],
    ['all of it: $(headers.x-model)!', 'said'],
  ])('makes of the name %s %s', (name, wanted) => {
    expect(resolve(name)).toMatchObject({ kind: 'model', name: wanted })
  })

  it('fills texts among the options in, and leaves the rest', () => {
    expect(resolve('m', { upstream_path: '$(uri_captures.model)', max_tokens: 5 })).toMatchObject({
      options: { upstream_path: 'captured', max_tokens: 5 },
    })
  })

  it.each([
    ['$(headers)', {}, "cannot parse expression for field 'model.name'"],
    ['$(headers.a.b)', {}, "cannot parse expression for field 'model.name'"],
    ['$(cookies.a)', {}, "source 'cookies' is not supported"],
    ['$(toString.a)', {}, "source 'toString' is not supported"],
    ['$(headers.x-other)', {}, "'headers', key 'x-other' was not provided"],
    ['$(query_params.bare)', {}, "'query_params', key 'bare' was not provided"],
    ['$(uri_captures.toString)', {}, "'uri_captures', key 'toString' was not provided"],
    ['m', { azure_instance: '$(headers.a)' }, 'headers key a was not provided'],
    ['m', { azure_instance: '$(x)' }, "cannot parse expression for field '$(x)'"],
  ])('says what is wrong with %s and %j', (name, options, message) => {
    expect(resolve(name, options)).toEqual({ kind: 'fault', message })
  })
})
