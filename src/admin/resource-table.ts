import type { Resource } from './resource.ts'

export interface ResourceMatch {
  readonly resource: Resource
  readonly params: Readonly<Record<string, string>>
}

/** Finds the resource of a path. */
export interface ResourceTable {
  /** @param path as in the URL, without the query */
  match(path: string): ResourceMatch | undefined
  /** All paths, in the order of their segments. */
  paths(): readonly string[]
}

/**
 * Makes a table of resources. Fixed segments win over parameters, later resources over earlier ones
 * with the same path; a slash at the end means nothing.
 */
export function resourceTable(resources: readonly Resource[]): ResourceTable {
  const root = newNode()
  for (const resource of resources) {
    let node = root
    for (const segment of segmentsOf(resource.path)) {
      const children = segment.startsWith('{') ? node.parameters : node.fixed
      let child = children.get(segment)
      if (child === undefined) children.set(segment, (child = newNode()))
      node = child
    }
    node.resource = resource
  }
  const paths = [...new Set(resources.map(({ path }) => path))].sort(bySegments)
  return {
    match(path) {
      const params: Record<string, string> = {}
      const resource = find(root, segmentsOf(path).map(decode), params)
      return resource && { resource, params }
    },
    paths: () => paths,
  }
}

interface Node {
  readonly fixed: Map<string, Node>
  readonly parameters: Map<string, Node>
  resource?: Resource
}

function newNode(): Node {
  return { fixed: new Map(), parameters: new Map() }
}

function find(
  node: Node,
  segments: readonly string[],
  params: Record<string, string>,
): Resource | undefined {
  if (segments.length === 0) return node.resource
  const [segment, ...rest] = segments as [string, ...string[]]
  const fixed = node.fixed.get(segment)
  const found = fixed && find(fixed, rest, params)
  if (found !== undefined) return found
  // Nothing has an empty name.
  if (segment === '') return undefined
  for (const [name, child] of node.parameters) {
    const below = find(child, rest, params)
    if (below === undefined) continue
    params[name.slice(1, -1)] ??= segment
    return below
  }
  return undefined
}

function segmentsOf(path: string): readonly string[] {
  const bare = path.replace(/^\//, '').replace(/\/$/, '')
  return bare === '' ? [] : bare.split('/')
}

/** Bytes that are not well encoded stay as they are; no row has such a name. */
function decode(segment: string): string {
  if (!/[%\u{80}-\u{ff}]/u.test(segment)) return segment
  const bytes = segment.replaceAll(/%([0-9A-Fa-f]{2})/g, (_, hex: string) =>
    String.fromCharCode(Number.parseInt(hex, 16)),
  )
  return Buffer.from(bytes, 'latin1').toString('utf8')
}

function bySegments(a: string, b: string): number {
  const [left, right] = [segmentsOf(a), segmentsOf(b)]
  for (const [at, segment] of left.entries()) {
    const other = right[at]
    if (other === undefined) return 1
    if (segment !== other) return segment < other ? -1 : 1
  }
  return left.length - right.length
}
