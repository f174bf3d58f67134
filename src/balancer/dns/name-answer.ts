/** Types of records that lead to addresses. */
export type AddressRecordType = 'A' | 'AAAA' | 'SRV'

export interface ResolvedAddress {
  readonly ip: string
  /** Port of an SRV record; 0: whoever asks knows the port. */
  readonly port: number
  /** Weight of an SRV record, at least 1 in all; 1 for other records. */
  readonly weight: number
  /** The name the address belongs to: that of an SRV record's target, else the name asked for. */
  readonly name: string
}

/** What a name leads to. */
export interface Resolution {
  readonly kind: 'resolved'
  readonly type: AddressRecordType
  /** Least of all records on the way; 0: ask anew each time; `Infinity`: from the hosts file. */
  readonly ttlSeconds: number
  /** At least one. */
  readonly addresses: readonly ResolvedAddress[]
}

export interface ResolutionFailure {
  /** `not-found`: the name does not exist or has no usable records. `failed`: nobody could say. */
  readonly kind: 'not-found' | 'failed'
  readonly detail: string
}

export type NameAnswer = Resolution | ResolutionFailure
