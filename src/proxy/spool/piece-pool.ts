/** Pieces in which bodies go to their file, so large that the calls for them cost little. */
export const PIECE_BYTES = 262_144
/** Pieces of those that found no memory. */
export const SMALL_PIECE_BYTES = 32_768

/** Memory that is in use again and again need not be made and cleared each time. */
const KEPT = 16
const pool: Buffer[] = []

/** A buffer whose owner gives it back once nothing reads it any more. */
export function takePiece(bytes: number): Buffer {
  return (bytes === PIECE_BYTES ? pool.pop() : undefined) ?? Buffer.allocUnsafeSlow(bytes)
}

/** @param piece the whole of it, or a part */
export function givePiece({ buffer }: Buffer): void {
  if (buffer.byteLength === PIECE_BYTES && pool.length < KEPT) pool.push(Buffer.from(buffer))
}
