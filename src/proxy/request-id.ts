import { randomBytes, randomInt } from 'node:crypto'

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'))
let drawn = ''
let counter = randomInt(0x10000)

/**
 * 32 lower-case hex digits, unique over processes: a counter, then 14 random bytes that are drawn anew
 * every 65,536 ids. Drawing each id from the generator would cost a system call now and then. What
 * changes stands first, so that a few digits tell the ids of a while apart.
 */
export function newRequestId(): string {
  counter = (counter + 1) & 0xffff
  if (counter === 0 || drawn === '') drawn = randomBytes(14).toString('hex')
  return HEX[counter >> 8]! + HEX[counter & 0xff]! + drawn
}
