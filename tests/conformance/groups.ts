import { readdirSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

export const CASES = fileURLToPath(new URL('cases/', import.meta.url))

/** Cases that are replayed together and counted as one. */
export interface Group {
  readonly name: string
  readonly file: string
  readonly mode: GatewayMode
}

/** How the gateway runs for a group. */
export type GatewayMode = 'traditional_compatible' | 'traditional' | 'database' | 'command-line'

/** Every file of cases, named after its place: `jwt`, `traditional/routing`, `db/admin-db`, `cli`. */
export function allGroups(): readonly Group[] {
  return readdirSync(CASES, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.jsonl'))
    .sort()
    .map((file) => ({
      name: file.replaceAll(path.sep, '/').replace('.jsonl', ''),
      file: path.join(CASES, file),
      mode: modeOf(file),
    }))
}

function modeOf(file: string): GatewayMode {
  if (file === 'cli.jsonl') return 'command-line'
  if (file.startsWith('traditional')) return 'traditional'
  return file.startsWith('db') ? 'database' : 'traditional_compatible'
}
