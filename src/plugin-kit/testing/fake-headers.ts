/** Headers of a test: an object, or pairs where a name is repeated or the order matters. */
export type HeaderList =
  | Readonly<Record<string, string>>
  | readonly (readonly [name: string, value: string])[]

/** A list of header lines that can be changed. Names are compared without case. */
export interface FakeHeaders {
  first(name: string): string | undefined
  all(name: string): readonly string[]
  list(): readonly (readonly [name: string, value: string])[]
  set(name: string, value: string | readonly string[]): void
  add(name: string, value: string): void
  remove(name: string): void
}

export function fakeHeaders(given: HeaderList): FakeHeaders {
  const pairs = Array.isArray(given) ? given : Object.entries(given)
  let lines = pairs.map(([name, value]) => [name, value] as const)
  const is =
    (name: string) =>
    ([other]: readonly [string, string]) =>
      other.toLowerCase() === name.toLowerCase()

  const headers: FakeHeaders = {
    first: (name) => lines.find(is(name))?.[1],
    all: (name) => lines.filter(is(name)).map(([, value]) => value),
    list: () => [...lines],
    set(name, value) {
      headers.remove(name)
      for (const each of typeof value === 'string' ? [value] : value) headers.add(name, each)
    },
    add: (name, value) => void lines.push([name, value]),
    remove(name) {
      const matches = is(name)
      lines = lines.filter((line) => !matches(line))
    },
  }
  return headers
}

/** How plugins read and change headers, over a list of them. */
export function headerAccess(headers: FakeHeaders): {
  header(name: string): string | undefined
  headerValues(name: string): readonly string[]
  headers(): readonly (readonly [name: string, value: string])[]
  setHeader(name: string, value: string | readonly string[]): void
  addHeader(name: string, value: string): void
  removeHeader(name: string): void
} {
  return {
    header: (name: string) => headers.first(name),
    headerValues: (name: string) => headers.all(name),
    headers: () => headers.list(),
    setHeader: (name: string, value: string | readonly string[]) => headers.set(name, value),
    addHeader: (name: string, value: string) => headers.add(name, value),
    removeHeader: (name: string) => headers.remove(name),
  }
}
