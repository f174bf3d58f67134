import { isCanonicalBase64Url } from './base64url.ts'
import type { DecodedToken } from './decode-token.ts'
import { hasDuplicates } from './strict-json.ts'

/** Why a token that can be read is still not written as it should be. */
export interface ShapeFault {
  /** As a client may read it. */
  readonly fault: string
  readonly why: string
}

/**
 * Whether a token is written in the one way in which its content can be: base64url without padding
 * and without bits that say nothing, and no name twice. Two tokens that differ then say different
 * things, and no two parsers read one differently.
 *
 * @param text that the token was decoded from
 * @see RFC 7515 §2, RFC 4648 §3.5, RFC 8725 §2.4
 */
export function tokenShapeFault(
  text: string,
  { signed, isHeaderAmbiguous }: DecodedToken,
): ShapeFault | undefined {
  if (isHeaderAmbiguous) return { fault: 'invalid JSON', why: 'its header has a name twice' }
  const dot = signed.indexOf('.')
  const payload = signed.slice(dot + 1)
  for (const part of [signed.slice(0, dot), payload, text.slice(signed.length + 1)])
    if (!isCanonicalBase64Url(part))
      return { fault: 'invalid encoding', why: 'a part of it is not canonical base64url' }
  return hasDuplicates(Buffer.from(payload, 'base64url').toString('utf8'))
    ? { fault: 'invalid claims', why: 'its payload has a name twice' }
    : undefined
}
