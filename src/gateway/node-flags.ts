import os from 'node:os'

/**
 * What Node is started with to run a gateway. Where there is one processor alone, V8's threads that
 * help to collect garbage would have it in turn with the worker, some milliseconds each, and all
 * requests would wait for them.
 *
 * @param processors this process may use
 */
export function nodeFlags(processors = os.availableParallelism()): readonly string[] {
  return processors === 1 ? ['--single-threaded-gc'] : []
}
