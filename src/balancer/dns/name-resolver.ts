import type { DnsRecord, QueryType } from './dns-message.ts'
import type { NameAnswer, ResolutionFailure, ResolvedAddress } from './name-answer.ts'
import { EMPTY_ANSWER, NAME_NOT_FOUND } from './record-query.ts'
import type { RecordAnswer } from './record-query.ts'

export interface NameResolverOptions {
  readonly search: readonly string[]
  readonly ndots: number
  readonly query: (name: string, type: QueryType) => Promise<RecordAnswer>
  /** Addresses of an SRV record's target; answers may come from a cache. */
  readonly resolveAddresses: (name: string) => Promise<NameAnswer>
}

/** Resolves names afresh, whatever is cached. */
export interface NameResolver {
  /**
   * @param name lower case; with a dot at the end: without search domains
   * @param types those wanted, most wanted first
   */
  resolve(name: string, types: readonly QueryType[]): Promise<NameAnswer>
}

export function createNameResolver(options: NameResolverOptions): NameResolver {
  return {
    async resolve(name, types) {
      let failure: ResolutionFailure = NAME_NOT_FOUND
      for (const candidate of candidates(name, options)) {
        const answer = await resolveExact(candidate, types, options)
        if (answer.kind === 'resolved') return answer
        failure = moreTelling(failure, answer)
      }
      return failure
    },
  }
}

/** All types are asked for at once; the first of the order that has records is the answer. */
async function resolveExact(
  name: string,
  types: readonly QueryType[],
  options: NameResolverOptions,
): Promise<NameAnswer> {
  const answers = types.map((type) => options.query(name, type))
  let failure: ResolutionFailure = NAME_NOT_FOUND
  for (const [index, pending] of answers.entries()) {
    const answer = await pending
    if (answer.kind !== 'records') {
      failure = moreTelling(failure, answer)
      continue
    }
    const resolution = await toResolution(answer.records, types[index]!, options)
    if (resolution.kind === 'resolved') return resolution
    failure = moreTelling(failure, resolution)
  }
  return failure
}

/** That servers failed, or that a name exists without records, says more than the last "no". */
function moreTelling(before: ResolutionFailure, after: ResolutionFailure): ResolutionFailure {
  return before.kind === 'failed' || after === NAME_NOT_FOUND ? before : after
}

async function toResolution(
  records: readonly DnsRecord[],
  type: QueryType,
  options: NameResolverOptions,
): Promise<NameAnswer> {
  const ttlSeconds = Math.min(...records.map((record) => record.ttlSeconds))
  if (type === 'SRV') return followServices(records, ttlSeconds, options)
  const addresses: ResolvedAddress[] = []
  for (const record of records)
    if (record.type === 'A' || record.type === 'AAAA')
      addresses.push({ ip: record.ip, port: 0, weight: 1, name: record.name })
  return { kind: 'resolved', type, ttlSeconds, addresses }
}

/** Only the lowest priority number counts; a target's addresses share its weight. */
async function followServices(
  records: readonly DnsRecord[],
  ttlSeconds: number,
  options: NameResolverOptions,
): Promise<NameAnswer> {
  const services = records.filter((record) => record.type === 'SRV')
  const first = Math.min(...services.map((service) => service.priority))
  const addresses: ResolvedAddress[] = []
  let failure: ResolutionFailure = EMPTY_ANSWER
  let leastTtl = ttlSeconds
  for (const { target, port, weight, priority } of services) {
    // RFC 2782: a target of "." says that the service is not offered.
    if (priority !== first || target === '') continue
    const answer = await options.resolveAddresses(target)
    if (answer.kind !== 'resolved') {
      failure = answer
      continue
    }
    leastTtl = Math.min(leastTtl, answer.ttlSeconds)
    const share = (weight === 0 ? 1 : weight) / answer.addresses.length
    for (const { ip } of answer.addresses) addresses.push({ ip, port, weight: share, name: target })
  }
  if (addresses.length === 0) return failure
  return { kind: 'resolved', type: 'SRV', ttlSeconds: leastTtl, addresses }
}

/** Names to try, in order. A name with a dot at the end is complete. */
function candidates(
  name: string,
  { search, ndots }: { readonly search: readonly string[]; readonly ndots: number },
): readonly string[] {
  if (name.endsWith('.')) return [name.slice(0, -1)]
  const extended = search.map((domain) => `${name}.${domain}`)
  const dots = name.split('.').length - 1
  return dots >= ndots ? [name, ...extended] : [...extended, name]
}
