let nowMs = Date.now()

/**
 * Takes the time for what follows. To be called where the system wakes this thread: at a read, a
 * connection, a timer, and after a wait.
 * @returns Unix time in ms
 */
export function beginTurn(): number {
  nowMs = Date.now()
  return nowMs
}

/** Unix time in ms when the current turn began; asked for many times in one, it costs nothing. */
export function turnMs(): number {
  return nowMs
}
