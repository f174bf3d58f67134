/** Of a connection of HTTP/2 that breaks amid a request Node may lose the end, and wait for it for ever. */
const LONGEST_CLOSE_MS = 10_000

/** Waits for something to be closed, though not for ever. */
export async function inTime(closed: PromiseLike<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, LONGEST_CLOSE_MS)
  })
  try {
    await Promise.race([closed, late])
  } finally {
    clearTimeout(timer)
  }
}
