import { readFileSync } from 'node:fs'
import path from 'node:path'
import { describe, expect, it } from 'vitest'
import { parseDeclarative } from '../../../src/declarative/parse.ts'
import { prettyErrors } from '../../../src/declarative/pretty-errors.ts'
import type { DeclarativeResult } from '../../../src/declarative/declarative.ts'
import { createCatalog } from '../../../src/entities/create-catalog.ts'
import { BUNDLED_PLUGINS } from '../../../src/plugins/all-plugins.ts'
import { isRegex } from '../../../src/router/pattern.ts'

const CASES = path.join(import.meta.dirname, '../../conformance/cases')

interface RecordedPost {
  readonly name: string
  readonly request: { readonly path: string; readonly method: string; readonly body?: string }
  readonly response: { readonly status: number; readonly body?: Record<string, unknown> }
}

interface RecordedRun {
  readonly name: string
  readonly argv: readonly string[]
  readonly files?: Readonly<Record<string, string>>
  readonly exit_code: number
  readonly stderr: string
}

function recorded(file: string): readonly unknown[] {
  const lines = readFileSync(path.join(CASES, file), 'utf8').trim().split('\n')
  return lines.map((line) => JSON.parse(line) as unknown)
}

const catalog = createCatalog(BUNDLED_PLUGINS, { flavor: 'traditional_compatible', isRegex })

function parse(text: string, fileName?: string): DeclarativeResult {
  const source = { text, ...(fileName !== undefined && { fileName }) }
  return parseDeclarative(source, { catalog, nowSeconds: 1_700_000_000 })
}

/** Ids that are made up differ from run to run. */
function withoutIds(value: unknown): unknown {
  const id = /[\da-f]{8}-(?:[\da-f]{4}-){3}[\da-f]{12}|<uuid\d+>/g
  return JSON.parse(JSON.stringify(value).replaceAll(id, '<uuid>')) as unknown
}

function textOf({ request }: RecordedPost): string | undefined {
  try {
    const { config } = JSON.parse(request.body ?? '') as { config?: unknown }
    return typeof config === 'string' ? config : undefined
  } catch {
    // Bodies that are no JSON are another test's.
    return undefined
  }
}

describe('POST /config, as recorded', () => {
  const posts = (recorded('config-post.jsonl') as RecordedPost[]).flatMap((post) => {
    const text = textOf(post)
    return text === undefined || post.request.method !== 'POST' ? [] : [{ ...post, text }]
  })

  it.each(posts.filter(({ response }) => response.status === 201))('takes $name', ({ text }) => {
    const result = parse(text)
    expect(result.ok || result.message).toBe(true)
  })

  // Where Kong itself fell over, any refusal will do.
  it.each(posts.filter(({ response }) => response.status === 500))('refuses $name', ({ text }) => {
    expect(parse(text).ok).toBe(false)
  })

  it.each(posts.filter(({ response }) => response.status === 400))(
    'says what is wrong with $name',
    ({ text, request, response }) => {
      const result = parse(text)
      if (result.ok) throw new Error('It was taken')
      const said = request.path.includes('flatten_errors')
        ? result.flattened()
        : { message: result.message, fields: result.fields }
      const { code: _code, name: _name, ...body } = response.body!
      expect(withoutIds(said)).toEqual(withoutIds(body))
    },
  )
})

describe('kong config parse, as recorded', () => {
  const runs = (recorded('cli.jsonl') as RecordedRun[])
    .filter(
      ({ argv, files }) => argv[0] === 'config' && argv.includes('parse') && files !== undefined,
    )
    .map((run) => ({ ...run, file: Object.entries(run.files!)[0]! }))

  it.each(runs)('$name', ({ file: [fileName, text], exit_code: exitCode, stderr }) => {
    const result = parse(text, fileName)
    expect(result.ok).toBe(exitCode === 0)
    const printed = /^Error: Failed parsing:\n([^]*?)\n\n {2}Run with/.exec(stderr)?.[1]
    // Lua gives members in no order of its own.
    if (!result.ok && printed !== undefined)
      expect(prettyErrors(result).split('\n').sort()).toEqual(printed.split('\n').sort())
  })
})

describe('GET /schemas, as recorded', () => {
  const answers = (recorded('admin-dbless.jsonl') as RecordedPost[]).filter(
    ({ request, response }) =>
      request.method === 'GET' && request.path.startsWith('/schemas/') && response.status === 200,
  )

  it.each(answers)('$name', ({ request, response }) => {
    const [kind, name] = request.path.split('/').slice(2)
    const described =
      name === undefined
        ? catalog.describe(kind!)
        : kind === 'plugins'
          ? catalog.describePlugin(name)
          : catalog.describeVault(name)
    expect(comparable(described)).toEqual(comparable(response.body))
  })
})

/** Kong writes some rules into a schema when it is first used, so they are there or not. */
function comparable(value: unknown, isElement = false): unknown {
  if (Array.isArray(value)) return value.map((member) => comparable(member))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value).filter(
    ([name, member]) =>
      !(name === 'len_min' && member === 1) && !(isElement && name === 'required'),
  )
  return Object.fromEntries(
    members.map(([name, member]) => [name, comparable(member, name === 'elements')]),
  )
}
