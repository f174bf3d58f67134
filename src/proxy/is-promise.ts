/** Whether a step really waits; most give their result at once. */
export function isPromise<Value>(result: Value | Promise<Value>): result is Promise<Value> {
  return (
    result instanceof Promise ||
    typeof (result as { then?: unknown } | undefined)?.then === 'function'
  )
}
