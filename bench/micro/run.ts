import { globSync } from 'node:fs'
import path from 'node:path'
import { pathToFileURL } from 'node:url'

/** Runs the micro benchmarks whose file name holds the word given, or all of them. */
const word = process.argv[2] ?? ''
for (const file of globSync('bench/micro/**/*.bench.ts').sort()) {
  if (path.basename(file).includes(word)) await import(pathToFileURL(file).href)
}
