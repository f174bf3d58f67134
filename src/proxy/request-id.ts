import { randomBytes } from 'node:crypto'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
let prefix = ''
let counter = 0xffff

/**
 * 32 lower-case hex digits, unique over processes: 14 random bytes that are drawn anew every 65,536
 * ids, then a counter. Drawing each id from the generator would cost a system call now and then.
 */
export function newRequestId(): string {
  counter = (counter + 1) & 0xffff
  if (counter === 0 || prefix === '') prefix = randomBytes(14).toString('hex')
  return prefix + HEX[counter >> 8]! + HEX[counter & 0xff]!
}
