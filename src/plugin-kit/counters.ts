import { SharedCounters, sharedCounterMemory } from '../base/shared-counters.ts'
import type { NodeServices } from './plugin.ts'

/**
 * Counters that end. Those of a process are one set, whichever of its threads counts, when the
 * gateway has put a shared one under the name that {@link nodeCounters} asks for.
 */
export interface Counters {
  get(key: string, nowSeconds: number): number
  /**
   * @param by may be negative, to take back
   * @param expiresAtSeconds of a counter that begins with this addition
   * @returns the count with this addition
   */
  add(key: string, by: number, expiresAtSeconds: number, nowSeconds: number): number
}

/** Enough for a hundred thousand clients with a few windows each. */
const COUNTERS = 2 ** 18

/** The counters that plugins of this node share. Keys begin with the name of their plugin. */
export function nodeCounters(node: NodeServices): Counters {
  return node.keep<Counters>('counters', () => new SharedCounters(sharedCounterMemory(COUNTERS)))
}
