import type { HeadFields } from '../http/message-head.ts'
import type { TrailerField } from '../http/trailer-fields.ts'
import type { Response } from '../plugin-kit/exchange.ts'
import {
  headerEntries,
  HeaderEdits,
  headerValue,
  headerValues,
  type HeaderEntry,
} from './header-edits.ts'

const NO_TRAILERS: readonly TrailerField[] = []

/** The response as plugins see and change it: an upstream's, or one the gateway made. */
export class ExchangeResponse implements Response {
  status = 0
  source: Response['source'] = 'error'
  /** Fields of the upstream's head; absent for an answer of the gateway. */
  fields: HeadFields | undefined
  edits: HeaderEdits | undefined
  /** The length the head says no longer holds. */
  isLengthDropped = false
  /** The length it will have instead, where a plugin knows it. */
  newLength: number | undefined
  /** What a plugin sends instead of the upstream's body. */
  newBody: Buffer | undefined
  bodyBytes = 0
  sizeBytes = 0
  /** The head as it was sent; `''` before. */
  sentHead = ''
  upstreamStatus: number | undefined
  /** Version in which the upstream answered, as `Via` says it. */
  viaVersion: '1.1' | '2' = '1.1'
  /** Fields that came after the body. */
  trailers: readonly TrailerField[] = NO_TRAILERS

  header(name: string): string | undefined {
    return headerValue(this.fields, this.edits, name)
  }

  headerValues(name: string): readonly string[] {
    return headerValues(this.fields, this.edits, name)
  }

  headers(): readonly HeaderEntry[] {
    return headerEntries(this.fields, this.edits)
  }

  /** Read from the head when it is asked for, which only logs do. */
  sentHeaders(): readonly HeaderEntry[] {
    return this.sentHead
      .split('\r\n')
      .slice(1)
      .flatMap((line): readonly HeaderEntry[] => {
        const colon = line.indexOf(':')
        return colon === -1 ? [] : [[line.slice(0, colon), line.slice(colon + 1).trim()]]
      })
  }

  trailer(name: string): string | undefined {
    return this.trailers.find(([other]) => other.toLowerCase() === name)?.[1]
  }

  setHeader(name: string, value: string | readonly string[]): void {
    ;(this.edits ??= new HeaderEdits()).set(name, value)
  }

  addHeader(name: string, value: string): void {
    ;(this.edits ??= new HeaderEdits()).add(name, value)
  }

  removeHeader(name: string): void {
    ;(this.edits ??= new HeaderEdits()).remove(name)
  }

  dropLength(newLength?: number): void {
    this.isLengthDropped = true
    this.newLength = newLength
  }

  replaceBody(body: string | Uint8Array): void {
    this.newBody = typeof body === 'string' ? Buffer.from(body) : Buffer.from(body)
    this.dropLength()
  }
}
