import { HealthCell } from '../health-table.ts'
import { TargetAddress } from '../target-address.ts'

/** Addresses 10.0.0.1, 10.0.0.2, … of these weights. */
export function addressesOf(weights: readonly number[]): readonly TargetAddress[] {
  return weights.map(
    (weight, index) =>
      new TargetAddress({
        owner: { report() {}, release() {} },
        ip: `10.0.0.${index + 1}`,
        port: 80,
        hostname: `10.0.0.${index + 1}`,
        hostHeader: undefined,
        weight,
        isVirtual: false,
        cell: new HealthCell(),
        nowMs: 0,
      }),
  )
}
