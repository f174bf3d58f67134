/** Bytes without payload that any connection may send: it has to get going. */
const ALLOWANCE_BYTES = 256 * 1024
/** Of so many bytes one has to be payload. */
const BYTES_PER_PAYLOAD = 8

/**
 * Tells a connection that is used from one that is kept busy: by PING, SETTINGS, WINDOW_UPDATE and
 * other frames that cost work and carry nothing. The measure is how much of what came was, or led
 * to, payload.
 *
 * @see nginx, ngx_http_v2_read_handler, which has the same measure and a larger allowance
 */
export class FloodGauge {
  #receivedBytes = 0
  #payloadBytes = 0

  receive(bytes: number): void {
    this.#receivedBytes += bytes
  }

  /** Counts payload in either direction. */
  count(bytes: number): void {
    this.#payloadBytes += bytes
  }

  get isFlooded(): boolean {
    return this.#receivedBytes / BYTES_PER_PAYLOAD > this.#payloadBytes + ALLOWANCE_BYTES
  }
}
