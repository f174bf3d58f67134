import type { PropertyTable } from '../property.ts'

/** What is kept of requests so that somebody can ask later why they were answered as they were. */
export const DECISIONS = {
  decision_records: {
    type: 'number',
    default: 1000,
    min: 0,
    max: 1_000_000,
    boundsMessage: 'decision_records must be between 0 and 1000000',
    isOwn: true,
    description:
      'Of so many requests that the gateway answered itself a worker keeps why, the newest; 0: of none. See `portunus why`.',
  },
  decision_records_size: {
    type: 'string',
    default: '2m',
    isOwn: true,
    description: 'Most memory of a worker that they take: 512k, 2m.',
  },
  decision_records_sample: {
    type: 'number',
    default: 1000,
    min: 0,
    boundsMessage: 'decision_records_sample must be 0 or greater',
    isOwn: true,
    description:
      'Of the other requests one in so many is kept as well; 1: all, which verifies every token anew; 0: none.',
  },
} as const satisfies PropertyTable
