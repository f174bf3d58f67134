import { describe, expect, it } from 'vitest'
import { previousSecret } from './previous-secret.ts'

const credential = (more: object) => ({ id: 'c', secret: 'new', ...more })

describe('previousSecret', () => {
  it.each([
    [{ previous_secret: 'old', previous_retires_at: 11 }, 'old'],
    [{ previous_secret: 'old', previous_retires_at: 10 }, undefined],
    [{ previous_secret: 'old', previous_retires_at: null }, undefined],
    [{ previous_secret: 'old' }, undefined],
    [{ previous_secret: '', previous_retires_at: 11 }, undefined],
    [{ previous_secret: null, previous_retires_at: 11 }, undefined],
    [{}, undefined],
  ])('of %j at 10 s is %j', (more, expected) => {
    expect(previousSecret(credential(more), 'secret', 10_000)).toBe(expected)
  })
})
