import fs from 'node:fs'
import path from 'node:path'
import { threadId } from 'node:worker_threads'

/** What a transfer came to: nothing, or why it failed. */
export type Done = (fault: Error | undefined) => void

/** Only the gateway's own user may see what clients send. */
const FOLDER_MODE = 0o700
const FILE_MODE = 0o600
let filesMade = 0

/**
 * A file without a name, for bytes that wait: it is unlinked as soon as it is open, so that nothing
 * is left of it however the process ends. All work on it is done off the event loop.
 */
export class SpoolFile {
  readonly #folder: string
  #fd: number | undefined
  #working = 0
  #isClosed = false

  constructor(folder: string) {
    this.#folder = folder
  }

  /** Writes all of the bytes, which must stay as they are until then; the first call makes the file. */
  write(bytes: Buffer, position: number, done: Done): void {
    this.#working += 1
    if (this.#fd === undefined)
      this.#open((fault) => {
        if (fault !== undefined || this.#isClosed) this.#end(fault, done)
        else this.#transfer({ isWrite: true, fd: this.#fd!, bytes, position }, done)
      })
    else this.#transfer({ isWrite: true, fd: this.#fd, bytes, position }, done)
  }

  /** Fills the buffer from what was written before. */
  read(into: Buffer, position: number, done: Done): void {
    this.#working += 1
    this.#transfer({ isWrite: false, fd: this.#fd!, bytes: into, position }, done)
  }

  /** Gives the space back once nothing works on the file any more; no `done` is called from now on. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#closeIfIdle()
  }

  #open(done: Done): void {
    const file = path.join(this.#folder, `${process.pid}-${threadId}-${filesMade++}`)
    openNew(file, (fault, fd) => {
      if (fault !== null) done(fault)
      else
        fs.unlink(file, (unlinkFault) => {
          this.#fd = fd
          done(unlinkFault ?? undefined)
        })
    })
  }

  /** The system may do a part of it only; a part of nothing would be asked for again for ever. */
  #transfer(work: Work, done: Done): void {
    const { fd, bytes, position } = work
    const after = (error: Error | null, count: number): void => {
      if (error !== null || count === bytes.length || this.#isClosed)
        this.#end(error ?? undefined, done)
      else if (count === 0) this.#end(new Error('The file ended too soon'), done)
      else
        this.#transfer({ ...work, bytes: bytes.subarray(count), position: position + count }, done)
    }
    if (work.isWrite) fs.write(fd, bytes, 0, bytes.length, position, after)
    else fs.read(fd, bytes, 0, bytes.length, position, after)
  }

  #end(fault: Error | undefined, done: Done): void {
    this.#working -= 1
    if (this.#isClosed) this.#closeIfIdle()
    else done(fault)
  }

  #closeIfIdle(): void {
    const fd = this.#fd
    if (this.#working > 0 || fd === undefined) return
    this.#fd = undefined
    // What was in it is wanted no more, whatever the system says.
    fs.close(fd, () => {})
  }
}

interface Work {
  readonly isWrite: boolean
  readonly fd: number
  readonly bytes: Buffer
  readonly position: number
}

/** A folder that is missing is made: whoever cleans up temporary files may have taken it away. */
function openNew(file: string, done: (error: Error | null, fd: number) => void): void {
  fs.open(file, 'wx+', FILE_MODE, (error, fd) => {
    if (error?.code !== 'ENOENT') done(error, fd)
    else
      fs.mkdir(path.dirname(file), { recursive: true, mode: FOLDER_MODE }, (mkdirError) => {
        if (mkdirError !== null) done(mkdirError, -1)
        else fs.open(file, 'wx+', FILE_MODE, done)
      })
  })
}
