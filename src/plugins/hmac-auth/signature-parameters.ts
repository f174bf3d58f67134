/** The parameters of an `Authorization: hmac …` value. */
export interface SignatureParameters {
  readonly username: string
  readonly algorithm: string
  /** Names of what is signed, in order. */
  readonly headers: readonly string[]
  readonly signature: string
}

/**
 * Reads `hmac username="…", algorithm="…", headers="…", signature="…"`, in this order only. Kong
 * does it with one greedy pattern, so a value runs to the last place where the next parameter can
 * begin; done from the right, the same takes linear time whatever the client sends.
 */
export function readSignatureParameters(value: string): SignatureParameters | undefined {
  const opening = /[Hh]mac\s*username="/.exec(value)
  if (opening === null) return undefined
  const start = opening.index + opening[0].length
  const close = value.lastIndexOf('"')
  const signature = lastSeparator(value, 'signature', close - 1)
  const headers = lastSeparator(value, 'headers', signature.from - 1)
  const algorithm = lastSeparator(value, 'algorithm', headers.from - 1)
  // Each value has at least one letter.
  if (algorithm.from - 1 < start) return undefined
  return {
    username: value.slice(start, algorithm.from),
    algorithm: value.slice(algorithm.to, headers.from),
    headers: value.slice(headers.to, signature.from).split(' '),
    signature: value.slice(signature.to, close),
  }
}

interface Span {
  readonly from: number
  readonly to: number
}

const NOWHERE: Span = { from: -1, to: -1 }

/** The last `", name="` that ends at or before `before`. */
function lastSeparator(value: string, name: string, before: number): Span {
  const key = `${name}="`
  let at = before - key.length + 1
  while (at > 0) {
    at = value.lastIndexOf(key, at - 1)
    if (at === -1) return NOWHERE
    let comma = at - 1
    while (comma > 0 && (value[comma] === ' ' || value[comma] === '\t')) comma -= 1
    if (value[comma] === ',' && value[comma - 1] === '"')
      return { from: comma - 1, to: at + key.length }
  }
  return NOWHERE
}
