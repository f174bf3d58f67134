/**
 * Reads what the upstream says a request used: `video=2, image=1`. Names without a limit and what is
 * no number are passed over.
 */
export function readIncrements(
  value: string | undefined,
  names: ReadonlySet<string>,
): ReadonlyMap<string, number> {
  const increments = new Map<string, number>()
  for (const entry of value?.split(',') ?? []) {
    const [name = '', text = ''] = entry.split('=', 2).map((part) => part.trim())
    if (names.has(name) && /^\d+(?:\.\d+)?$/.test(text)) increments.set(name, Number(text))
  }
  return increments
}
