/**
 * Length of the code of each byte, 16 to a line, and of the sign for the end. The codes follow from
 * their lengths: shorter ones come first, and among equals smaller bytes.
 *
 * @see RFC 7541 appendix B
 */
// prettier-ignore
const CODE_BITS: readonly number[] = [
  13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28,
  28, 28, 28, 28, 28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28,
  6, 10, 10, 12, 13, 6, 8, 11, 10, 10, 8, 11, 8, 6, 6, 6,
  5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8, 15, 6, 12, 10,
  13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
  7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6,
  15, 5, 6, 5, 6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5,
  6, 7, 6, 5, 5, 6, 7, 7, 7, 7, 7, 15, 11, 14, 13, 28,
  20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23, 23, 23, 24, 23,
  24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
  22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23,
  21, 21, 22, 21, 23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23,
  26, 26, 20, 19, 22, 23, 22, 25, 26, 26, 26, 27, 27, 26, 24, 25,
  19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26, 28, 27, 27, 27,
  20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
  26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  30,
]

const END = 256
const LONGEST_CODE = 30
/** A position in the tree of codes that is no code's end. */
const NODES = END

/**
 * The tree, walked four bits at a time: entry `node * 16 + nibble`. No code is shorter than five bits,
 * so that a step ends at most one: bits 0–7 its byte, bit 8 whether there is one, bits 9–16 the next
 * node; -1 where the sign for the end would come of it.
 */
const STEPS = new Int32Array(NODES * 16)
/** 1 for nodes where bytes may end: fewer than eight bits on, all of them ones. */
const MAY_END = new Uint8Array(NODES)
const HAS_BYTE = 256
const NODE_SHIFT = 9
/** They are when the first string comes: many gateways are never spoken to in HTTP/2. */
let areTablesBuilt = false

/**
 * Decodes a string.
 * @param out has room for twice as many bytes as the string
 * @returns the position after what was written; -1 for bytes that are no such string
 * @see RFC 7541 §5.2: the sign for the end, or padding that is longer or other than ones, is an error
 */
// oxlint-disable-next-line max-params -- the hot path of HPACK: an object here costs more than it says
export function decodeHuffman(
  bytes: Uint8Array,
  start: number,
  end: number,
  out: Uint8Array,
  outStart: number,
): number {
  if (!areTablesBuilt) buildTables()
  let node = 0
  let at = outStart
  for (let index = start; index < end; index += 1) {
    const byte = bytes[index]!
    const first = STEPS[(node << 4) | (byte >>> 4)]!
    if (first === -1) return -1
    if ((first & HAS_BYTE) !== 0) out[at++] = first
    const second = STEPS[((first >>> NODE_SHIFT) << 4) | (byte & 15)]!
    if (second === -1) return -1
    if ((second & HAS_BYTE) !== 0) out[at++] = second
    node = second >>> NODE_SHIFT
  }
  return MAY_END[node] === 1 ? at : -1
}

function buildTables(): void {
  /** Of each node both ways on: another node, or a byte as `-1 - byte`. */
  const ways: [number, number][] = []
  const newNode = (): number => ways.push([0, 0]) - 1
  newNode()
  for (const [byte, code] of codes()) {
    let node = 0
    for (let bit = CODE_BITS[byte]! - 1; bit > 0; bit -= 1) {
      const way = (code >>> bit) & 1
      const next = ways[node]![way] || newNode()
      ways[node]![way] = next
      node = next
    }
    ways[node]![code & 1] = -1 - byte
  }
  for (let node = 0; node < ways.length; node += 1)
    for (let nibble = 0; nibble < 16; nibble += 1)
      STEPS[node * 16 + nibble] = stepOf(ways, node, nibble)
  let node = 0
  for (let ones = 0; ones < 8; ones += 1) {
    MAY_END[node] = 1
    node = ways[node]![1]
  }
  areTablesBuilt = true
}

/** Bytes, and the sign for the end, with their codes. */
function codes(): readonly (readonly [byte: number, code: number])[] {
  const found: [number, number][] = []
  let code = 0
  for (let bits = 1; bits <= LONGEST_CODE; bits += 1) {
    code *= 2
    for (const [byte, length] of CODE_BITS.entries())
      if (length === bits) found.push([byte, code++])
  }
  return found
}

function stepOf(
  ways: readonly (readonly [number, number])[],
  from: number,
  nibble: number,
): number {
  let node = from
  let byte = -1
  for (let bit = 3; bit >= 0; bit -= 1) {
    const next = ways[node]![((nibble >>> bit) & 1) as 0 | 1]
    if (next >= 0) node = next
    else {
      byte = -1 - next
      if (byte === END) return -1
      node = 0
    }
  }
  return (node << NODE_SHIFT) | (byte === -1 ? 0 : HAS_BYTE | byte)
}
