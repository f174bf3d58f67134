import { describe, expect, it } from 'vitest'
import { httpStatus } from './status-map.ts'

describe('httpStatus', () => {
  it('knows every status of gRPC', () => {
    expect(Array.from({ length: 17 }, (_, code) => httpStatus(String(code)))).toEqual([
      200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 500, 500, 503, 500, 401,
    ])
  })

  it.each(['17', '-1', '', 'x', '0x1'])('takes %j for a failure', (code) => {
    expect(httpStatus(code)).toBe(500)
  })
})
