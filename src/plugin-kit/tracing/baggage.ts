import type { HeaderSource, TracingHeaders } from './trace-context.ts'

/** Baggage travels in headers of its own: a prefix and the key, the value percent-encoded. */
export function readBaggage(
  source: HeaderSource,
  prefix: string,
): ReadonlyMap<string, string> | undefined {
  const baggage = new Map<string, string>()
  for (const [name, value] of source.headers()) {
    const lower = name.toLowerCase()
    if (lower.startsWith(prefix)) baggage.set(lower.slice(prefix.length), decoded(value))
  }
  return baggage.size === 0 ? undefined : baggage
}

export function writeBaggage(
  baggage: ReadonlyMap<string, string> | undefined,
  prefix: string,
): TracingHeaders {
  return Object.fromEntries(
    [...(baggage ?? [])].map(([key, value]) => [`${prefix}${key}`, encodeURIComponent(value)]),
  )
}

function decoded(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch {
    // A stray percent sign is a letter like any other.
    return value
  }
}
