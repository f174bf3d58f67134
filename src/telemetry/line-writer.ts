import { closeSync, openSync, write } from 'node:fs'

/** Takes whole lines and writes them in batches, in order, without ever holding up the caller. */
export interface LineWriter {
  /** @param line with its line end */
  write(line: string): void
  /** Opens the path anew, for when a file was moved away by log rotation. */
  reopen(): void
  /** Resolves when everything is written, or cannot be; for the end of the process. */
  flush(): Promise<void>
  /** Writes what is waiting, and lets the file go. */
  close(): Promise<void>
}

export interface LineWriterOptions {
  /** Hears once of a disk that is full or a file that cannot be written, until it works again. */
  readonly onFault: (message: string) => void
}

const FLUSH_AFTER_MS = 20
const RETRY_AFTER_MS = 100
const BATCH_CHARACTERS = 64 * 1024
/** What waits beyond this is dropped: a log must not eat the memory of a gateway. */
const WAITING_CHARACTERS = 16 * 1024 * 1024

const NOWHERE: LineWriter = {
  write() {},
  reopen() {},
  flush: () => Promise.resolve(),
  close: () => Promise.resolve(),
}

/**
 * Opens a log for appending.
 *
 * @param path a file, `/dev/stdout`, `/dev/stderr` (written by descriptor, since opening them fails
 *   for a process that changed its user), or `off`
 * @throws when the file cannot be opened
 */
export function openLineWriter(path: string, options: LineWriterOptions): LineWriter {
  return path === 'off' ? NOWHERE : new FileLineWriter(path, options)
}

class FileLineWriter implements LineWriter {
  readonly #path: string
  readonly #onFault: (message: string) => void
  #descriptor: number
  #waiting: string[] = []
  #waitingCharacters = 0
  #dropped = 0
  /** Taken from the queue and not yet written in full. */
  #unwritten: Buffer | undefined
  #isWriting = false
  #timer: NodeJS.Timeout | undefined
  readonly #whenWritten: (() => void)[] = []
  #hasFault = false
  #mustReopen = false
  #isClosed = false

  constructor(path: string, { onFault }: LineWriterOptions) {
    this.#path = path
    this.#onFault = onFault
    this.#descriptor = openForAppending(path)
  }

  write(line: string): void {
    if (this.#isClosed) return
    if (this.#waitingCharacters > WAITING_CHARACTERS) {
      this.#dropped += 1
      return
    }
    this.#waiting.push(line)
    this.#waitingCharacters += line.length
    if (this.#isWriting) return
    if (this.#waitingCharacters >= BATCH_CHARACTERS && !this.#hasFault) this.#flush()
    else this.#flushAfter(FLUSH_AFTER_MS)
  }

  reopen(): void {
    if (this.#isWriting) this.#mustReopen = true
    else this.#open()
  }

  flush(): Promise<void> {
    if (!this.#isWriting) this.#flush()
    if (!this.#isWriting) return Promise.resolve()
    return new Promise((resolve) => this.#whenWritten.push(resolve))
  }

  async close(): Promise<void> {
    await this.flush()
    if (this.#isClosed) return
    this.#isClosed = true
    clearTimeout(this.#timer)
    this.#closeDescriptor()
  }

  #flushAfter(ms: number): void {
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      this.#flush()
    }, ms)
  }

  #flush(): void {
    clearTimeout(this.#timer)
    this.#timer = undefined
    const batch = this.#next()
    if (batch === undefined) return
    this.#isWriting = true
    write(this.#descriptor, batch, (error, written) => {
      this.#isWriting = false
      if (error) this.#fail(error)
      else {
        this.#hasFault = false
        this.#unwritten = written < batch.length ? batch.subarray(written) : undefined
      }
      this.#afterWrite()
    })
  }

  #afterWrite(): void {
    if (this.#mustReopen) this.#open()
    const isIdle = this.#unwritten === undefined && this.#waiting.length === 0
    if (isIdle || this.#hasFault) for (const resolve of this.#whenWritten.splice(0)) resolve()
    if (isIdle) return
    if (this.#hasFault) this.#flushAfter(RETRY_AFTER_MS)
    else this.#flush()
  }

  /** The batch to write next, with what a partial or failed write left first. */
  #next(): Buffer | undefined {
    if (this.#unwritten !== undefined) return this.#unwritten
    if (this.#waiting.length === 0) return undefined
    const batch = this.#waiting.join('')
    this.#waiting = []
    this.#waitingCharacters = 0
    this.#sayDropped()
    this.#unwritten = Buffer.from(batch)
    return this.#unwritten
  }

  #sayDropped(): void {
    if (this.#dropped === 0) return
    const dropped = this.#dropped
    this.#dropped = 0
    this.#onFault(`Cannot keep up writing "${this.#path}": ${dropped} lines were dropped`)
  }

  #fail(error: unknown): void {
    const { code, message } = error as NodeJS.ErrnoException
    // A pipe that is read too slowly is no fault: its reader gets the lines later.
    if (this.#hasFault || code === 'EAGAIN') {
      this.#hasFault ||= code === 'EAGAIN'
      return
    }
    this.#hasFault = true
    this.#onFault(`Cannot write "${this.#path}": ${message}; lines wait until it can be written`)
  }

  #open(): void {
    this.#mustReopen = false
    try {
      const descriptor = openForAppending(this.#path)
      this.#closeDescriptor()
      this.#descriptor = descriptor
    } catch (error) {
      this.#onFault(`Cannot reopen "${this.#path}": ${(error as Error).message}`)
    }
  }

  #closeDescriptor(): void {
    if (this.#descriptor > 2) closeSync(this.#descriptor)
  }
}

function openForAppending(path: string): number {
  if (path === '/dev/stdout') return 1
  if (path === '/dev/stderr') return 2
  return openSync(path, 'a', 0o644)
}
