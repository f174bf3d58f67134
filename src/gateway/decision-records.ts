import type { DecisionRecords } from '../admin/admin-context.ts'
import type { Settings } from '../settings/settings.ts'
import { parseSize } from '../settings/size.ts'
import type { DataPlane } from './data-plane.ts'
import { byNewest } from './decision-ring.ts'

/**
 * The records of all workers as one list.
 *
 * @param settings those the workers were started with
 */
export function decisionRecords(dataPlane: DataPlane, settings: Settings): DecisionRecords {
  return {
    isOn: isRecording(settings),
    async find(prefix) {
      const found = await dataPlane.ask<'decision'>({ about: 'decision', prefix })
      return newestFirst(found.flat())
    },
    async list(filter) {
      const found = await dataPlane.ask<'decisions'>({ about: 'decisions', filter })
      const records = newestFirst(found.flatMap((ofWorker) => ofWorker.records))
      return {
        records: records.slice(0, filter.size),
        passedOver: found.reduce((sum, { passedOver }) => sum + passedOver, 0),
      }
    },
  }
}

export function isRecording({ decision_records: count, decision_records_size: size }: Settings) {
  return count > 0 && parseSize(size)! > 0
}

function newestFirst<Record extends { readonly id: string; readonly at_ms: number }>(
  records: readonly Record[],
): readonly Record[] {
  return records.toSorted((one, other) =>
    byNewest({ atMs: one.at_ms, id: one.id }, { atMs: other.at_ms, id: other.id }),
  )
}
