import { open, type FileHandle } from 'node:fs/promises'

/** How a file is opened for appending; tests have one of their own. */
export type OpenFile = (path: string) => Promise<Pick<FileHandle, 'write' | 'close'>>

const MODE = 0o644

const openForAppend: OpenFile = (path) => open(path, 'a', MODE)

export interface AppendEvents {
  /** @param written resolves when nothing is left to write, whether it could be or not */
  onBegin(written: Promise<void>): void
  onError(error: unknown): void
}

/**
 * Appends lines to a file, in order. Lines that come while others are written go out together; each
 * write is one call, so that lines of several processes do not mix.
 */
export class AppendFile {
  readonly #path: string
  readonly #open: OpenFile
  readonly #events: AppendEvents
  #handle: Awaited<ReturnType<OpenFile>> | undefined
  #pending = ''
  #reopens = false
  #isWriting = false

  constructor(path: string, events: AppendEvents, openFile: OpenFile = openForAppend) {
    this.#path = path
    this.#events = events
    this.#open = openFile
  }

  /** @param reopens closes the file first: it may have been moved away */
  append(line: string, reopens: boolean): void {
    this.#pending += `${line}\n`
    this.#reopens ||= reopens
    if (!this.#isWriting) this.#events.onBegin(this.#writeAll())
  }

  async #writeAll(): Promise<void> {
    this.#isWriting = true
    while (this.#pending !== '') {
      const text = this.#pending
      this.#pending = ''
      try {
        if (this.#reopens) await this.#close()
        this.#handle ??= await this.#open(this.#path)
        await this.#handle.write(text)
      } catch (error) {
        this.#events.onError(error)
        await this.#close()
      }
    }
    this.#isWriting = false
  }

  async #close(): Promise<void> {
    this.#reopens = false
    const handle = this.#handle
    this.#handle = undefined
    await handle?.close()
  }
}
