import { readFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { fileURLToPath } from 'node:url'

/*
 * Whoever loads this has modules beside it found without asking: each is where the import says. Node
 * would make paths of URLs and URLs of paths, and look for links and manifests, for every import of a
 * thousand before the gateway serves. That is a fifth of the CPU time of a start, and so much of the same
 * that V8 loads its optimizing compiler, which takes 5 MiB.
 *
 * Each thread of a package loads it first of all. Sources, whose types Node strips, are left to Node.
 */
const root = new URL('..', import.meta.url).href
const folder = fileURLToPath(root)

registerHooks({
  resolve(specifier, context, next) {
    const { parentURL } = context
    if (!specifier.startsWith('.') || !parentURL?.startsWith(root) || !specifier.endsWith('.js'))
      return next(specifier, context)
    return { url: urlBeside(parentURL, specifier), format: 'module', shortCircuit: true }
  },
  load(url, context, next) {
    if (!url.startsWith(root) || !url.endsWith('.js')) return next(url, context)
    const source = readFileSync(folder + url.slice(root.length))
    return { format: 'module', source, shortCircuit: true }
  },
})

/** @param specifier relative, as tsc leaves it: some `../` at the most in front */
function urlBeside(url: string, specifier: string): string {
  let place = url.slice(0, url.lastIndexOf('/'))
  let rest = specifier.startsWith('./') ? specifier.slice(2) : specifier
  while (rest.startsWith('../')) {
    rest = rest.slice(3)
    place = place.slice(0, place.lastIndexOf('/'))
  }
  return `${place}/${rest}`
}
