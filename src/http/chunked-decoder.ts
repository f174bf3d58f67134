const CR = 13
const LF = 10
const SEMICOLON = 59

/** Longest size line with its extension, and longest trailer section. */
const LINE_LIMIT = 4096
const TRAILER_LIMIT = 16_384
/** 13 hex digits stay below 2^52. */
const SIZE_DIGITS = 13

type State = 'size' | 'extension' | 'size-lf' | 'data' | 'data-cr' | 'data-lf' | 'trailer'

/**
 * Follows the chunked coding through reads of any size and tells where its data lies. The coding is
 * taken off, never passed on: what goes out is framed anew, without extensions.
 *
 * @see RFC 9112 §7.1; stricter: CRLF only, no white space around a size, bounded lines
 */
export class ChunkedDecoder {
  #state: State = 'size'
  #remaining = 0
  #digits = 0
  #lineBytes = 0
  #trailer: TrailerState = { matched: 2, lineBytes: 0, totalBytes: 0 }
  isDone = false
  /** Lines of the trailer section, where they are kept, a character a byte. */
  trailers = ''
  readonly #keepsTrailers: boolean

  constructor(keepsTrailers = false) {
    this.#keepsTrailers = keepsTrailers
  }

  /**
   * Reads on.
   * @param onData is told each range of data in `bytes`; it must not keep them
   * @returns position after what was read (before the next message when `isDone`), or -1 when the
   *   coding is broken
   */
  read(
    bytes: Uint8Array,
    start: number,
    end: number,
    onData: (start: number, end: number) => void,
  ): number {
    let at = start
    while (at < end && !this.isDone) {
      if (this.#state === 'data') {
        const stop = Math.min(end, at + this.#remaining)
        onData(at, stop)
        this.#remaining -= stop - at
        at = stop
        if (this.#remaining === 0) this.#state = 'data-cr'
      } else {
        if (!this.#readByte(bytes[at]!)) return -1
        at += 1
      }
    }
    return at
  }

  #readByte(byte: number): boolean {
    switch (this.#state) {
      case 'size':
        return this.#readSize(byte)
      case 'extension':
        return this.#readExtension(byte)
      case 'size-lf':
        if (byte !== LF) return false
        this.#state = this.#remaining === 0 ? 'trailer' : 'data'
        return true
      case 'data-cr':
        this.#state = 'data-lf'
        return byte === CR
      case 'data-lf':
        this.#state = 'size'
        this.#digits = 0
        this.#lineBytes = 0
        return byte === LF
      case 'trailer':
        return this.#readTrailer(byte)
      case 'data':
        return true
    }
  }

  #readSize(byte: number): boolean {
    const digit = hexDigit(byte)
    if (digit >= 0) {
      this.#remaining = this.#digits === 0 ? digit : this.#remaining * 16 + digit
      this.#digits += 1
      return this.#digits <= SIZE_DIGITS
    }
    if (this.#digits === 0) return false
    if (byte === CR) this.#state = 'size-lf'
    else if (byte === SEMICOLON) this.#state = 'extension'
    else return false
    return true
  }

  #readExtension(byte: number): boolean {
    this.#lineBytes += 1
    if (this.#lineBytes > LINE_LIMIT) return false
    if (byte === CR) this.#state = 'size-lf'
    else if ((byte < 32 && byte !== 9) || byte === 127) return false
    return true
  }

  /** Trailers are read to their end, and dropped where nobody wants them. `matched` counts the CRLFs at hand: 2 at a line's start. */
  #readTrailer(byte: number): boolean {
    const trailer = this.#trailer
    trailer.totalBytes += 1
    if (trailer.totalBytes > TRAILER_LIMIT) return false
    if (this.#keepsTrailers) this.trailers += String.fromCharCode(byte)
    if (byte === LF) {
      if (trailer.matched % 2 !== 1) return false
      if (trailer.lineBytes === 0) this.isDone = true
      trailer.matched = 2
      trailer.lineBytes = 0
      return true
    }
    if (trailer.matched % 2 === 1) return false
    if (byte === CR) {
      trailer.matched = 1
      return true
    }
    trailer.matched = 0
    trailer.lineBytes += 1
    return (byte >= 32 || byte === 9) && byte !== 127
  }
}

interface TrailerState {
  matched: number
  lineBytes: number
  totalBytes: number
}

function hexDigit(byte: number): number {
  if (byte >= 48 && byte <= 57) return byte - 48
  const lower = byte | 32
  return lower >= 97 && lower <= 102 ? lower - 87 : -1
}
