import { gunzipSync } from 'node:zlib'

/** What an answer may grow to. */
const INFLATED_BYTES = 64 * 1024 * 1024

/** @throws when the body is no gzip, or too long without it */
export function inflated(body: Uint8Array, coding: string | undefined): Buffer {
  return coding === 'gzip'
    ? gunzipSync(body, { maxOutputLength: INFLATED_BYTES })
    : Buffer.from(body.buffer, body.byteOffset, body.byteLength)
}
