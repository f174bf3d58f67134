import { MAKING_WAY } from '../base/making-way.ts'
import { inSlices, type Steps } from '../base/steps.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity } from '../entities/entity.ts'
import type { DeclarativeRefusal, DeclarativeResult } from '../declarative/declarative.ts'
import { exportDeclarative } from '../declarative/export.ts'
import { parseDocumentSteps, parseSteps } from '../declarative/parse.ts'
import { json, JSON_TYPE, message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import { invalidDeclarative } from './error-answers.ts'
import { nowSeconds } from './present-entity.ts'
import type { Input } from './read-input.ts'
import type { AdminRequest, Resource } from './resource.ts'

const NOT_AVAILABLE = message(
  400,
  'this endpoint is only available when Kong is configured to not use a database',
)

/** The whole configuration at once; only without a database. */
export function configResource(context: AdminContext): Resource {
  return {
    path: '/config',
    readsYaml: true,
    methods: {
      GET: () =>
        context.isDbLess
          ? json(200, { config: exportDeclarative(context.store.all(), context.catalog) })
          : NOT_AVAILABLE,
      POST: (request) => (context.isDbLess ? load(context, request) : NOT_AVAILABLE),
    },
  }
}

async function load(context: AdminContext, { query, input }: AdminRequest): Promise<AdminAnswer> {
  const given = (name: string): string => String(query.get(name) ?? bodyFields(input)[name])
  const option = (name: string): boolean => /^(?:1|true|on|yes)$/.test(given(name))
  const source = givenConfig(input)
  if (source === undefined) return message(400, 'expected a declarative configuration')
  const config = await inSlices(parsedConfig(context.catalog, source), MAKING_WAY)
  if (!config.ok)
    return refusal(config, {
      isFlat: option('flatten_errors'),
      hasPositions: option('positions'),
    })
  const isChecked = source.kind === 'text' && given('check_hash') === '1'
  if (isChecked && config.hash === context.configurationHash()) return { status: 304 }
  const result = await context.loadConfig(config)
  if (!result.ok)
    return {
      ...message(result.status, result.message),
      ...(result.status === 429 && { headers: { 'Retry-After': '1' } }),
    }
  const content = await inSlices(byId(config.entities, context), MAKING_WAY)
  return { status: 201, text: { type: JSON_TYPE, content } }
}

type Given =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'document'; readonly document: unknown }

/** A text in `config`, a body that is a YAML text, or a JSON body that is the configuration itself. */
function givenConfig(input: Input): Given | undefined {
  if (input.kind === 'yaml') return { kind: 'text', text: input.text }
  if (input.kind === 'none') return undefined
  const { config } = input.fields
  if (typeof config === 'string') return { kind: 'text', text: config }
  if (input.kind === 'form' || !Object.hasOwn(input.fields, '_format_version')) return undefined
  const options = new Set(['check_hash', 'flatten_errors'])
  const own = Object.entries(input.fields).filter(([name]) => !options.has(name))
  return { kind: 'document', document: Object.fromEntries(own) }
}

function parsedConfig(catalog: Catalog, given: Given): Steps<DeclarativeResult> {
  const options = { catalog, nowSeconds: Math.floor(nowSeconds()) }
  return given.kind === 'text'
    ? parseSteps({ text: given.text }, options)
    : parseDocumentSteps(given.document, options)
}

/** @see admin.md for `portunus.faults`, which stands beside Kong's fields only where asked for */
function refusal(
  config: DeclarativeRefusal,
  { isFlat, hasPositions }: { readonly isFlat: boolean; readonly hasPositions: boolean },
): AdminAnswer {
  const flat = isFlat ? config.flattened() : undefined
  const answer = invalidDeclarative(flat?.message ?? config.message, {
    fields: flat?.fields ?? config.fields,
    ...(flat?.flattened_errors !== undefined && { flattened_errors: flat.flattened_errors }),
  })
  return hasPositions
    ? { ...answer, json: { ...(answer.json as object), portunus: { faults: config.faults } } }
    : answer
}

/** All entities by kind and id, as JSON: with very many, the text is too long to be made in one go. */
function* byId(
  entities: Readonly<Record<string, readonly Entity[]>>,
  { catalog }: AdminContext,
): Steps<readonly Buffer[]> {
  const pieces: Buffer[] = []
  for (const [kind, rows] of Object.entries(entities)) {
    for (let at = 0; at < rows.length; at += ROWS_IN_A_STEP) {
      const members = rows
        .slice(at, at + ROWS_IN_A_STEP)
        .map((row) => `${JSON.stringify(row.id)}:${JSON.stringify(catalog.present(kind, row))}`)
      const separator =
        at > 0 ? ',' : `${pieces.length === 0 ? '{' : '},'}${JSON.stringify(kind)}:{`
      pieces.push(Buffer.from(separator + members.join(',')))
      yield
    }
  }
  pieces.push(Buffer.from(pieces.length === 0 ? '{}' : '}}'))
  return pieces
}

const ROWS_IN_A_STEP = 50
