import { describe, expect, it } from 'vitest'
import { parseHttpDate } from './http-date.ts'

describe('parseHttpDate', () => {
  it.each([
    ['Sun, 06 Nov 1994 08:49:37 GMT', 784_111_777],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 784_111_777],
    ['Sunday, 06-Nov-30 08:49:37 GMT', 1_920_185_377],
    ['Sun Nov  6 08:49:37 1994', 784_111_777],
    ['Sun Nov 06 08:49:37 1994', 784_111_777],
    ['Sun, 06 Nov 1994 08:49:37 +0000', 784_111_777],
    ['Sun, 06 Nov 1994 08:49:37', 784_111_777],
    [',06 November 1994 08:49:37', undefined],
    [',  06 Nov 1994 08:49:37', 784_111_777],
    ['Thu, 31 Dec 1998 23:59:60 GMT', undefined],
    ['Sun, 31 Feb 2026 00:00:00 GMT', undefined],
    ['Sun, 00 Feb 2026 00:00:00 GMT', undefined],
    ['Sun, 06 Nov 1994 24:00:00 GMT', undefined],
    ['Sun, 6 Nov 1994 08:49:37 GMT', undefined],
    ['Sun, 06 Wov 1994 08:49:37 GMT', undefined],
    ['06 Nov 1994 08:49:37 GMT', undefined],
    ['1994-11-06T08:49:37Z', undefined],
    ['784111777', undefined],
    ['0', undefined],
    ['', undefined],
  ])('of %s', (text, seconds) => {
    expect(parseHttpDate(text)).toBe(seconds)
  })

  it.each(['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'])(
    'of %s',
    (month) => {
      const seconds = parseHttpDate(`Mon, 02 ${month} 2026 00:00:00 GMT`)
      expect(new Date(seconds! * 1000).toUTCString()).toContain(` ${month} `)
    },
  )
})
