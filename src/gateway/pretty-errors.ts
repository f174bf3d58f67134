import type { DeclarativeRefusal } from '../declarative/declarative.ts'
import type { ErrorTree } from '../schema/kong-errors.ts'

/**
 * What is wrong with a declarative configuration, as commands print it: nested by place, two spaces
 * a level, positions from 1.
 */
export function prettyErrors({ fields }: DeclarativeRefusal): string {
  const { error } = fields
  if (typeof error === 'string' && Object.keys(fields).length === 1) return error
  return branchLines(fields, '').join('\n')
}

type Branches = Readonly<Record<string, ErrorTree>>

function branchLines(branches: Branches, indent: string): readonly string[] {
  return Object.entries(branches).flatMap(([key, below]) =>
    entryLines(`in '${key}'`, below, { indent, name: key }),
  )
}

function entryLines(
  title: string,
  tree: ErrorTree,
  at: { readonly indent: string; readonly name: string },
): readonly string[] {
  const { indent, name } = at
  if (tree === null) return []
  if (typeof tree === 'string') return [`${indent}${title}: ${tree}`]
  const inner = `${indent}  `
  if (!Array.isArray(tree)) return [`${indent}${title}:`, ...branchLines(tree as Branches, inner)]
  const items = (tree as readonly ErrorTree[]).flatMap((item, index) =>
    entryLines(`- in entry ${index + 1} of '${name}'`, item, { indent: inner, name }),
  )
  return [`${indent}${title}:`, ...items]
}
