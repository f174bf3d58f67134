const PORT_MAP = /^(\d{1,5}):(\d{1,5})$/

/**
 * Reads `port_maps`.
 *
 * @param entries `outside:inside`
 * @returns outside ports by the inside ones, or which entry cannot be read
 */
export function parsePortMaps(
  entries: readonly string[],
): ReadonlyMap<number, number> | { readonly fault: string } {
  const ports = new Map<number, number>()
  for (const entry of entries) {
    const match = PORT_MAP.exec(entry)
    const [outside, inside] = [Number(match?.[1]), Number(match?.[2])]
    if (match === null || !isPort(outside) || !isPort(inside))
      return { fault: `invalid port mapping (\`port_maps\`): ${entry}` }
    ports.set(inside, outside)
  }
  return ports
}

function isPort(port: number): boolean {
  return port > 0 && port < 65536
}
