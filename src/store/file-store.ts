import { randomUUID } from 'node:crypto'
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises'
import path from 'node:path'
import type { Catalog } from '../entities/catalog.ts'
import type { EntitySet } from '../entities/entity.ts'
import { FileJournal } from './file-journal.ts'
import { IndexedStore } from './indexed-store.ts'
import type { Commit, CommitOutcome, Elsewhere, Medium } from './medium.ts'
import type { Change, Store } from './store.ts'

/** A file's text and what it says. */
export interface FileContent {
  readonly text: string
  readonly entities: EntitySet
  /** MD5 in hex of the text; 32 zeros without entities. */
  readonly hash: string
}

/** Knows the language of a file. */
export interface FileLanguage<Content extends FileContent> {
  /** @throws {Error} with everything that is wrong */
  read(text: string): Content
  /** @throws {Error} when what the text says cannot be changed so */
  change(content: Content, changes: readonly Change[], after: EntitySet): Content
  write(entities: EntitySet): Content
}

export interface FileStoreOptions<Content extends FileContent> {
  readonly file: string
  readonly language: FileLanguage<Content>
  /** File for the history; without it the history ends with the process. */
  readonly historyFile?: string
  /** Unix time in ms. */
  readonly now?: () => number
}

/** A store in a file that people write too. */
export interface OpenedFile {
  readonly store: Store
  /** Hash of the text in force. */
  readonly hash: () => string
  /** The text in force. */
  readonly text: () => string
  /**
   * Takes over what somebody else wrote into the file.
   *
   * @throws {Error} when that is wrong; then all stays as it was
   */
  readonly refresh: () => Promise<void>
}

/**
 * Opens a store in a declarative file. A write replaces the file at once, with all that it does not
 * change left as somebody wrote it; what somebody else wrote meanwhile is read first.
 *
 * @throws {Error} when the file cannot be read or is wrong
 */
export async function openFileStore<Content extends FileContent>(
  catalog: Catalog,
  { file, language, historyFile, now }: FileStoreOptions<Content>,
): Promise<OpenedFile> {
  const content = language.read(await readFile(file, 'utf8'))
  const medium = new FileMedium(file, language, content)
  const journal = historyFile ? new FileJournal(historyFile, () => medium.content.hash) : undefined
  const version = journal?.firstVersion() ?? 0
  medium.startAt(version)
  const store = new IndexedStore(catalog, {
    name: 'file',
    isWritable: true,
    medium,
    initial: { entities: content.entities, version },
    ...(journal && { journal }),
    ...(now && { now }),
  })
  return {
    store,
    hash: () => medium.content.hash,
    text: () => medium.content.text,
    refresh: () => store.refresh(),
  }
}

class FileMedium<Content extends FileContent> implements Medium {
  readonly #file: string
  readonly #language: FileLanguage<Content>
  #content: Content
  #version = 0

  constructor(file: string, language: FileLanguage<Content>, content: Content) {
    this.#file = file
    this.#language = language
    this.#content = content
  }

  startAt(version: number): void {
    this.#version = version
  }

  get content(): Content {
    return this.#content
  }

  async commit({ changes, given, entities, version }: Commit): Promise<CommitOutcome> {
    try {
      if ((await this.#text()) !== this.#content.text) return { kind: 'stale' }
      const next =
        given === undefined
          ? this.#language.change(this.#content, changes, entities())
          : this.#language.write(given)
      await replaceFile(this.#file, next.text)
      this.#content = next
      this.#version = version
      return { kind: 'durable', version }
    } catch (error) {
      return {
        kind: 'refused',
        fault: { fault: 'unavailable', detail: (error as Error).message },
      }
    }
  }

  async catchUp(): Promise<Elsewhere | undefined> {
    const text = await this.#text()
    if (text === this.#content.text) return undefined
    this.#content = this.#language.read(text)
    this.#version += 1
    return { kind: 'everything', entities: this.#content.entities, version: this.#version }
  }

  async isReachable(): Promise<boolean> {
    return this.#text().then(
      () => true,
      () => false,
    )
  }

  close(): Promise<void> {
    return Promise.resolve()
  }

  #text(): Promise<string> {
    return readFile(this.#file, 'utf8')
  }
}

/** Whoever reads the file, even after a crash, finds the old text or the new one. */
async function replaceFile(file: string, text: string): Promise<void> {
  // What a link points to is replaced, not the link.
  const target = await realpath(file)
  const { mode } = await stat(target)
  const temporary = path.join(path.dirname(target), `.${path.basename(target)}.${randomUUID()}`)
  try {
    const handle = await open(temporary, 'wx', mode & 0o777)
    try {
      await handle.writeFile(text)
      await handle.chmod(mode & 0o777)
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(temporary, target)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(path.dirname(target))
}

async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
