import { array, integer, number, record } from '../schema/field.ts'
import type { Field } from '../schema/field.ts'

/**
 * When an address is left out for a while because requests to it fail one after the other. Not Kong's:
 * there a passive check takes an address out until an active one, or somebody, brings it back.
 */
export const outlierEjection: Field = {
  ...record({
    consecutive_failures: integer({
      description:
        'So many failed connections, timeouts and bad statuses in a row open the circuit of an address.',
      default: 5,
      between: [1, 255],
    }),
    http_statuses: array(integer({ between: [100, 999] }), {
      description: 'Statuses that count as failures.',
      default: [500, 502, 503, 504],
    }),
    base_time: number({
      description:
        'Seconds until the circuit lets requests try again; the second time in a row twice as long, and so on.',
      default: 30,
      between: [0.1, 3600],
    }),
    max_time: number({
      description: 'Most seconds that a circuit stays open.',
      default: 300,
      between: [0.1, 86_400],
    }),
    max_percent: number({
      description: 'Most of the addresses, in percent, that may be left out at a time.',
      default: 50,
      between: [0, 100],
    }),
  }),
  description: 'Leaves an address out for a while when requests to it keep failing.',
  required: false,
  own: true,
}

/** Seconds over which an address that comes, or comes back, grows to its weight. */
export const slowStart: Field = number({
  description:
    'Seconds over which an address that comes or comes back grows from a tenth of its weight to all of it.',
  between: [0.1, 3600],
  own: true,
})

/** A ring that followed growing weights would move keys all the while. */
export function slowStartFault(upstream: {
  readonly slow_start?: number | null
  readonly algorithm?: string
}): Readonly<Record<string, string>> | undefined {
  return typeof upstream.slow_start === 'number' && upstream.algorithm === 'consistent-hashing'
    ? { slow_start: 'cannot be used with consistent-hashing: keys would move with the weights' }
    : undefined
}
