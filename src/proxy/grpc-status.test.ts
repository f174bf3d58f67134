import { describe, expect, it } from 'vitest'
import { grpcMessage, grpcStatus } from './grpc-status.ts'

describe('grpcStatus', () => {
  it.each([
    [200, 0],
    [404, 5],
    [418, 3],
    [499, 1],
    [502, 13],
    [503, 14],
  ])('of HTTP %i is %i', (status, code) => {
    expect(grpcStatus(status).code).toBe(code)
  })
})

describe('grpcMessage', () => {
  it('encodes what is not printable ASCII, and the sign it encodes with', () => {
    expect(grpcMessage('as asked: "ü" 100%\r\n')).toBe('as asked: "%C3%BC" 100%25%0D%0A')
  })
})
