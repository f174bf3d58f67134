import { readFileSync } from 'node:fs'
import path from 'node:path'
import type { Catalog } from '../entities/catalog.ts'
import type { Entity, EntityKind, EntitySet } from '../entities/entity.ts'
import { changeLines, changeTeller, type ShownChange } from '../entities/entity-changes.ts'
import { finderIn, pairEntities } from '../entities/pair-entities.ts'
import {
  ADMIN_OPTIONS,
  ADMIN_USAGE,
  adminAccess,
  askAdmin,
  type AdminAccess,
} from './admin-access.ts'
import { cliSettings } from './cli-settings.ts'
import { CommandFault, type Call, type Command } from './command.ts'

/** As `diff` has it: nothing differs, something does, it cannot be told. */
const [SAME, DIFFERENT, TROUBLE] = [0, 1, 2]

export const diff: Command = {
  usage: `Usage: portunus diff <file> [OPTIONS]

Say in words what would change if the running gateway were given this
declarative configuration. Values of secrets are not shown.

The exit code is that of diff: 0 when nothing would change, 1 when something
would, 2 when that cannot be told.

Options:
 --json                               The changes as JSON.
 -c,--conf        (optional string)   Configuration file, for the settings
                                      that go with <file>.
${ADMIN_USAGE}`,
  options: { json: {}, conf: { short: 'c', takes: 'text' }, ...ADMIN_OPTIONS },

  async run(call) {
    try {
      const changes = await changesTo(call)
      if (call.options['json']) call.output.raw(`${JSON.stringify({ changes }, undefined, 2)}\n`)
      else for (const line of changes.flatMap(changeLines)) call.output.info(line)
      return changes.length === 0 ? SAME : DIFFERENT
    } catch (error) {
      throw new CommandFault((error as Error).message, TROUBLE)
    }
  },
}

async function changesTo(call: Call): Promise<readonly ShownChange[]> {
  const { catalog, entities: after } = await readFile(call)
  const before = await servedEntities(adminAccess(call), catalog)
  const context = { catalog, findBefore: finderIn(before), findAfter: finderIn(after) }
  const tell = changeTeller(context)
  return pairEntities(context, before, after)
    .map(tell)
    .filter(({ what, fields }) => what !== 'changed' || fields.length > 0)
}

async function readFile(
  call: Call,
): Promise<{ readonly catalog: Catalog; readonly entities: EntitySet }> {
  const [name] = call.operands
  if (name === undefined) throw new CommandFault('the <file> argument is required')
  const text = readText(path.resolve(call.workingDirectory, name), name)
  const { catalogOfSettings } = await import('../gateway/catalog-of.ts')
  const { parseDeclarative } = await import('../declarative/parse.ts')
  const catalog = await catalogOfSettings(cliSettings(call, { isQuiet: true }))
  const nowSeconds = Math.floor(Date.now() / 1000)
  const parsed = parseDeclarative({ text, fileName: name }, { catalog, nowSeconds })
  if (parsed.ok) return { catalog, entities: parsed.entities }
  const { faultLines } = await import('../declarative/pretty-errors.ts')
  throw new CommandFault(`${name} is faulty:\n${faultLines(parsed, name)}`)
}

function readText(file: string, name: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandFault(`Cannot read ${name}: ${(error as Error).message}`)
  }
}

/** Everything that the gateway holds of what a file may say. */
async function servedEntities(api: AdminAccess, catalog: Catalog): Promise<EntitySet> {
  const entities: Record<string, readonly Entity[]> = {}
  const { data: endpoints } = (await askAdmin(api, '/endpoints')) as {
    readonly data: readonly string[]
  }
  for (const kind of catalog.kinds()) {
    // Of a plugin that the gateway has not loaded, or that wait for a feature it has not.
    const isServed = endpoints.includes(`/${kind.urlName ?? kind.name}`)
    if (kind.isInternal === true || kind.name === 'filter_chains' || !isServed) continue
    entities[kind.name] = await rowsOf(api, kind, entities)
  }
  return entities
}

async function rowsOf(
  api: AdminAccess,
  kind: EntityKind,
  before: EntitySet,
): Promise<readonly Entity[]> {
  if (kind.name !== 'targets') return allPages(api, `/${kind.urlName ?? kind.name}`)
  const lists = await Promise.all(
    (before['upstreams'] ?? []).map(({ id }) => allPages(api, `/upstreams/${id}/targets`)),
  )
  return lists.flat()
}

interface Page {
  readonly data: readonly Entity[]
  readonly offset?: string | null
}

async function allPages(api: AdminAccess, list: string): Promise<readonly Entity[]> {
  const rows: Entity[] = []
  let offset: string | null | undefined
  do {
    const from = offset ? `&offset=${encodeURIComponent(offset)}` : ''
    const page = (await askAdmin(api, `${list}?size=1000${from}`)) as Page
    rows.push(...page.data)
    offset = page.offset
  } while (offset)
  return rows
}
