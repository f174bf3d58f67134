/**
 * Joins lines into datagrams of at most so many bytes, in order; a longer line stands alone.
 * @param limitBytes 0: each line is a datagram
 */
export function joinLines(lines: readonly string[], limitBytes: number): readonly string[] {
  const packets: string[] = []
  let packet = ''
  for (const line of lines) {
    const joined = packet === '' ? line : `${packet}\n${line}`
    if (packet !== '' && Buffer.byteLength(joined) > limitBytes) {
      packets.push(packet)
      packet = line
    } else packet = joined
  }
  return packet === '' ? packets : [...packets, packet]
}
