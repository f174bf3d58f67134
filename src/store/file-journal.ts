import { appendFileSync, existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { BoundedRecords, type HistoryRecord, type Journal } from './history.ts'

/** A record, and the hash of the file's text after it. */
type Line = HistoryRecord & { readonly hash: string }

/**
 * Keeps the records of a store in a file, one line of JSON each, beside what the store itself is
 * in. The hash of its text tells whether somebody changed it while nobody looked.
 */
export class FileJournal implements Journal {
  readonly #file: string
  readonly #hash: () => string
  readonly #lines: BoundedRecords<Line>

  /** @param hash of the text that the store is in now */
  constructor(file: string, hash: () => string) {
    this.#file = file
    this.#hash = hash
    const text = existsSync(file) ? readFileSync(file, 'utf8') : ''
    this.#lines = new BoundedRecords(linesOf(text))
    // The next line must not end up behind one that a crash cut off.
    if (text !== '' && !text.endsWith('\n')) this.#startOver()
  }

  /** The version to begin with: that of the last record, or one more that nothing is known of. */
  firstVersion(): number {
    const { last } = this.#lines
    if (last === undefined) return 0
    return last.hash === this.#hash() ? last.version : last.version + 1
  }

  append(record: HistoryRecord): void {
    const line = { ...record, hash: this.#hash() }
    if (this.#lines.push(line)) this.#startOver()
    else appendFileSync(this.#file, textOf(line), PRIVATE)
  }

  records(): readonly HistoryRecord[] {
    return this.#lines.newest()
  }

  #startOver(): void {
    writeFileSync(`${this.#file}.new`, this.#lines.newest().map(textOf).join(''), PRIVATE)
    renameSync(`${this.#file}.new`, this.#file)
  }
}

/** It holds secrets. */
const PRIVATE = { mode: 0o600 }

function textOf(line: Line): string {
  return `${JSON.stringify(line)}\n`
}

/** A line cut off by a crash is as if it had not been written. */
function linesOf(text: string): Line[] {
  return text.split('\n').flatMap((line) => {
    try {
      return line === '' ? [] : [JSON.parse(line) as Line]
    } catch {
      // Cut off.
      return []
    }
  })
}
