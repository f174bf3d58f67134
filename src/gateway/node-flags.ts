import os from 'node:os'

/**
 * What Node is started with to run a gateway. Where there is one processor alone, threads that help
 * collecting garbage have it instead of the requests that wait: a thousand of them a second, each
 * for up to some milliseconds while a large configuration is loaded.
 *
 * @param processors this process may use
 */
export function nodeFlags(processors = os.availableParallelism()): readonly string[] {
  return processors === 1 ? ['--single-threaded-gc'] : []
}
