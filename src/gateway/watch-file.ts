import { unwatchFile, watch, watchFile, type FSWatcher } from 'node:fs'
import path from 'node:path'

const SETTLE_MS = 50
const POLL_MS = 1000

/**
 * Calls when a file may have changed. The folder is watched, since editors and Kubernetes replace
 * files instead of writing them; and the file is looked at every second, for file systems that
 * report nothing.
 *
 * @param onChange is called once for changes that follow each other quickly
 * @returns ends it
 */
export function watchForChanges(file: string, onChange: () => void): () => void {
  let timer: NodeJS.Timeout | undefined
  const settle = () => {
    clearTimeout(timer)
    timer = setTimeout(onChange, SETTLE_MS)
  }
  const watcher = watchFolder(path.dirname(path.resolve(file)), settle)
  watchFile(file, { interval: POLL_MS, persistent: false }, settle)
  return () => {
    clearTimeout(timer)
    watcher?.close()
    unwatchFile(file, settle)
  }
}

function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange)
    // It was removed, or the system ran out of watches: the look every second goes on.
    watcher.on('error', () => watcher.close())
    return watcher
  } catch {
    // As above.
    return undefined
  }
}
