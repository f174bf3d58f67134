import path from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Ask } from './question.ts'

/** The function that a file of the operator's brings. */
const FUNCTION_NAME = 'findConsumer'

/**
 * Asks the function `findConsumer` of a module, TypeScript or JavaScript.
 *
 * @param file relative to the working directory
 * @throws when it cannot be loaded or has no such function
 */
export async function askFunction(file: string): Promise<Ask> {
  const module = await load(path.resolve(file))
  const find: unknown = module[FUNCTION_NAME]
  if (typeof find !== 'function')
    throw new Error(`Cannot use consumer_source "${file}": it exports no function ${FUNCTION_NAME}`)
  return async (question, signal) => (await find(question, signal)) as unknown
}

async function load(file: string): Promise<Readonly<Record<string, unknown>>> {
  try {
    return (await import(pathToFileURL(file).href)) as Readonly<Record<string, unknown>>
  } catch (cause) {
    throw new Error(`Cannot load consumer_source "${file}": ${(cause as Error).message}`, { cause })
  }
}
