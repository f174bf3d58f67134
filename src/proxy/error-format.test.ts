import { describe, expect, it } from 'vitest'
import { errorFormat } from './error-format.ts'

describe('errorFormat', () => {
  it.each([
    [undefined, 'json'],
    ['', 'json'],
    ['text/html', 'html'],
    ['text/html; charset=utf-8', 'html'],
    ['text/*', 'plain'],
    ['application/*', 'json'],
    ['*/*', 'json'],
    ['image/png', 'json'],
    ['html', 'json'],
    ['TEXT/HTML', 'json'],
    ['text/plain, text/html', 'plain'],
    ['text/html;q=0.1, text/plain;q=0.9', 'plain'],
    ['text/html;q=0.5 , text/plain', 'plain'],
    ['image/png, text/html', 'json'],
    ['html, text/html', 'html'],
    ['text/html;q=0', 'json'],
    ['text/html;q=0, text/plain;q=0.1', 'plain'],
    ['text/html;q=0.5, text/plain;q=1', 'plain'],
    ['text/html;level=1;q=0.5, text/plain;q=0.6', 'plain'],
    ['text/html;q=2, text/plain', 'html'],
    ['text/html;q=abc', 'html'],
    ['application/grpc', 'none'],
  ])('of Accept %j is %s', (accept, format) => {
    expect(errorFormat(accept)).toBe(format)
  })
})
