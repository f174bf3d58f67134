const ALL_IDS = 2 ** 64

/**
 * Decides by the trace id, so that all that take part in a trace and ask for the same share come to
 * the same decision. As in Kong its first eight bytes are a number with the lowest byte first.
 *
 * @param traceId 32 hex digits
 * @param share from 0 to 1
 */
export function isInShare(traceId: string, share: number): boolean {
  if (share >= 1) return true
  if (share <= 0) return false
  return Number(Buffer.from(traceId, 'hex').readBigUInt64LE(0)) < share * ALL_IDS
}
