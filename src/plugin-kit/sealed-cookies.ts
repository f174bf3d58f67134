import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { cookieLine, endedCookieLine, type CookieAttributes } from './cookie-line.ts'
import type { ClientRequest } from './exchange.ts'
import type { Seal } from './sealed.ts'

/** A text that a browser keeps, and only the gateway can read. */
export interface SealedCookies {
  /** @returns `undefined` without cookies, and for what this seal has not made */
  read(request: ClientRequest): string | undefined
  /**
   * @returns the `Set-Cookie` lines, those among them that take away what is left of a longer text
   * @throws {RangeError} when it is too long for any browser to send it back
   */
  lines(text: string, at: Place): readonly string[]
  /** @returns the lines that take away what the request came with */
  endedLines(at: Place): readonly string[]
  /** Names under which parts of it may be. */
  readonly names: readonly string[]
}

interface Place {
  readonly request: ClientRequest
  readonly attributes: CookieAttributes
  readonly lasts?: { readonly seconds: number; readonly from: number } | undefined
}

/** Browsers take 4096 bytes a cookie, its name among them. */
const PART_LETTERS = 3800
/** All of it travels in one header line, and servers take some 8 KiB of these. */
const MAX_PARTS = 2
/** What is opened was made by us, but may be of another version with other limits. */
const MAX_TEXT_BYTES = 256 * 1024

/** Names under which parts of a text may be. */
export function cookieParts(name: string): readonly string[] {
  return Array.from({ length: MAX_PARTS }, (_, index) =>
    index === 0 ? name : `${name}${index + 1}`,
  )
}

/**
 * Keeps a text in as many cookies as it needs: `name`, `name2`. The first one begins with their
 * number, so that an old part is never taken for one of the text.
 */
export function sealedCookies(name: string, seal: Seal): SealedCookies {
  const names = cookieParts(name)
  const leftOver = ({ request, attributes }: Place, from: number): readonly string[] =>
    names
      .slice(from)
      .filter((each) => request.cookie(each) !== undefined)
      .map((each) => endedCookieLine(each, attributes))

  return {
    names,
    read(request) {
      const first = request.cookie(name)
      const count = Number(first?.[0])
      if (first === undefined || first[1] !== '.' || !(count >= 1 && count <= MAX_PARTS))
        return undefined
      const others = names.slice(1, count).map((each) => request.cookie(each) ?? '')
      const packed = seal.openBytes([first.slice(2), ...others].join(''))
      return packed === undefined ? undefined : unpack(packed)
    },
    lines(text, at) {
      const sealed = seal.seal(deflateRawSync(text))
      const count = Math.ceil(sealed.length / PART_LETTERS)
      if (count > MAX_PARTS)
        throw new RangeError(
          `Cannot keep ${sealed.length} letters in cookies "${name}": browsers send back ${MAX_PARTS * PART_LETTERS}`,
        )
      const parts = names.slice(0, count).map((each, index) => {
        const part = sealed.slice(index * PART_LETTERS, (index + 1) * PART_LETTERS)
        return cookieLine(each, index === 0 ? `${count}.${part}` : part, at.attributes, at.lasts)
      })
      return [...parts, ...leftOver(at, count)]
    },
    endedLines: (at) => leftOver(at, 0),
  }
}

/** Tokens are base64 of JSON, so sealing them as they are would make them longer by a third again. */
function unpack(packed: Buffer): string | undefined {
  try {
    return inflateRawSync(packed, { maxOutputLength: MAX_TEXT_BYTES }).toString('utf8')
  } catch {
    // Sealed by us, and yet not what we make: of another version. There is no such text.
    return undefined
  }
}
