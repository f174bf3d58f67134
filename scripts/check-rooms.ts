import { globSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { ROOMS } from './rooms.ts'

const IMPORT = /(?:from|import)\s*\(?\s*'(\.[^']+)'/g
const violations: string[] = []

for (const file of globSync('src/**/*.ts').map((name) => name.replaceAll(path.sep, '/'))) {
  const room = file.split('/')[1]!
  const allowed = ROOMS[room]
  if (allowed === undefined) violations.push(`${file}: "${room}" is not a room of scripts/rooms.ts`)
  if (path.basename(file) === 'index.ts') violations.push(`${file}: a room has no index.ts`)
  for (const [, target] of readFileSync(file, 'utf8').matchAll(IMPORT)) {
    const [, into, plugin] = path.posix.join(path.posix.dirname(file), target!).split('/')
    if (!target!.endsWith('.ts'))
      violations.push(`${file}: import "${target}" lacks its .ts ending`)
    if (into !== room && allowed !== undefined && !allowed.includes(into!))
      violations.push(`${file}: room "${room}" may not import "${into}"`)
    const isTest = file.endsWith('.test.ts')
    if (room === 'plugins' && into === 'plugins' && !isTest && isOtherPlugin(file, plugin!))
      violations.push(`${file}: a plugin may not import another plugin`)
  }
}

/** `bundled.ts` is the list itself and knows them all. */
function isOtherPlugin(file: string, plugin: string): boolean {
  const own = file.split('/')[2]!
  return !own.endsWith('.ts') && own !== plugin
}

if (violations.length > 0) {
  console.error(violations.join('\n'))
  process.exit(1)
}
console.log('rooms: every import is in the table')
