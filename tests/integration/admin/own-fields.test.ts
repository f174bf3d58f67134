import { describe, expect, it } from 'vitest'
import { adminClient } from './admin-client.ts'

describe("fields of upstreams that are not Kong's", () => {
  it('are shown where they are used, and nowhere else', async () => {
    const admin = adminClient()
    const plain = await admin.call('POST', '/upstreams', { name: 'plain' })
    expect(Object.keys(plain.body as object)).not.toEqual(
      expect.arrayContaining(['slow_start', 'outlier_ejection']),
    )
    const made = await admin.call('POST', '/upstreams', {
      name: 'guarded',
      slow_start: 20,
      outlier_ejection: { consecutive_failures: 3 },
    })
    expect(made).toMatchObject({
      status: 201,
      body: { slow_start: 20, outlier_ejection: { consecutive_failures: 3, base_time: 30 } },
    })
    const form = await admin.call('PATCH', '/upstreams/guarded', 'outlier_ejection.max_percent=20')
    expect(form.body).toMatchObject({
      outlier_ejection: { consecutive_failures: 3, max_percent: 20 },
    })
    const unset = await admin.call('PATCH', '/upstreams/guarded', {
      slow_start: null,
      outlier_ejection: null,
    })
    expect(Object.keys(unset.body as object)).toEqual(Object.keys(plain.body as object))
    const schema = await admin.call('GET', '/schemas/upstreams')
    expect(JSON.stringify(schema.body)).not.toMatch(/slow_start|outlier/)
  })

  it('are refused with the field and the reason', async () => {
    const admin = adminClient()
    const refused = await admin.call('POST', '/upstreams', {
      name: 'u',
      algorithm: 'consistent-hashing',
      slow_start: 20,
      outlier_ejection: { max_percent: 101, base_tme: 1 },
    })
    expect(refused).toMatchObject({
      status: 400,
      body: {
        fields: {
          outlier_ejection: {
            max_percent: 'value should be between 0 and 100',
            base_tme: 'unknown field',
          },
        },
      },
    })
    const hashing = await admin.call('POST', '/upstreams', {
      name: 'u',
      hash_on: 'ip',
      slow_start: 20,
    })
    expect(hashing.body).toMatchObject({
      fields: { slow_start: expect.stringContaining('consistent-hashing') },
    })
  })
})
