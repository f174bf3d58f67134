import { describe, expect, it } from 'vitest'
import { signRequest } from './sign-request.ts'

const credentials = {
  accessKeyId: 'AKIDEXAMPLE',
  secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
}
const nowMs = Date.UTC(2015, 7, 30, 12, 36, 0)

/** Cases and signatures are those of AWS's documentation and test suite for Signature Version 4. */
describe('signRequest', () => {
  it('signs as the example of the documentation', () => {
    const url = new URL('https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08')
    const contentType = 'application/x-www-form-urlencoded; charset=utf-8'
    const headers = signRequest(
      { method: 'GET', url, headers: { 'Content-Type': contentType }, body: '' },
      { credentials, region: 'us-east-1', service: 'iam', nowMs },
    )
    expect(headers).toEqual({
      'Content-Type': contentType,
      'X-Amz-Date': '20150830T123600Z',
      Authorization:
        'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/iam/aws4_request, SignedHeaders=content-type;host;x-amz-date, Signature=5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7',
    })
  })

  it.each([
    ['get-vanilla', 'GET', '/', '5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31'],
    [
      'get-vanilla-query-order-key-case',
      'GET',
      '/?Param2=value2&Param1=value1',
      'b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500',
    ],
    [
      'post-vanilla',
      'POST',
      '/',
      '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b',
    ],
  ])('signs the case %s', (_name, method, path, signature) => {
    const url = new URL(path, 'https://example.amazonaws.com')
    const headers = signRequest(
      { method, url, headers: {}, body: '' },
      { credentials, region: 'us-east-1', service: 'service', nowMs },
    )
    expect(headers['Authorization']).toContain(`Signature=${signature}`)
  })

  it('signs the token of credentials that were lent', () => {
    const url = new URL('https://example.amazonaws.com/')
    const headers = signRequest(
      { method: 'GET', url, headers: {}, body: '' },
      {
        credentials: { ...credentials, sessionToken: 'token' },
        region: 'us-east-1',
        service: 'service',
        nowMs,
      },
    )
    expect(headers['X-Amz-Security-Token']).toBe('token')
    expect(headers['Authorization']).toContain('SignedHeaders=host;x-amz-date;x-amz-security-token')
  })
})
