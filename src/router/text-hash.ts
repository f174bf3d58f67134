export const FNV_SEED = 0x811c9dc5 | 0
export const FNV_PRIME = 0x01000193

/** FNV-1a over text with one character a byte; the hash of a prefix is a step on the way. */
export function fnv1a(text: string): number {
  let hash = FNV_SEED
  for (let at = 0; at < text.length; at += 1)
    hash = Math.imul(hash ^ text.charCodeAt(at), FNV_PRIME)
  return hash
}

/**
 * Brings the differences between hashes of like texts down to the low bits, and tells equal texts
 * of several sets apart.
 */
export function slotHash(hash: number, set: number): number {
  const mixed = Math.imul(hash ^ Math.imul(set + 1, 0x9e3779b1), 0x85ebca6b)
  return mixed ^ (mixed >>> 15)
}
