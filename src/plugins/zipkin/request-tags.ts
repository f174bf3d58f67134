export interface RequestTags {
  readonly tags: Readonly<Record<string, string>>
  /** Parts that are no tag. */
  readonly unreadable: readonly string[]
}

/** Reads the tags that a client gives its request: `name=value; other=value`, over one header or several. */
export function readRequestTags(headers: readonly string[]): RequestTags {
  const tags: Record<string, string> = {}
  const unreadable: string[] = []
  for (const part of headers.flatMap((header) => header.split(';'))) {
    if (part === '') continue
    const tag = readTag(part)
    if (tag === undefined) unreadable.push(part)
    else Object.defineProperty(tags, tag.name, { value: tag.value, enumerable: true })
  }
  return { tags, unreadable }
}

/** The name is all before the last `=` that leaves it without a space; a value is not empty. */
function readTag(part: string): { readonly name: string; readonly value: string } | undefined {
  const text = part.trim()
  const [name = ''] = /^\S+/.exec(text) ?? []
  for (let end = name.length; end > 0; end -= 1) {
    const rest = text.slice(end).trimStart()
    const value = rest.slice(1).trim()
    if (rest.startsWith('=') && value !== '') return { name: text.slice(0, end), value }
  }
  return undefined
}
