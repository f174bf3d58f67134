import { readFileSync } from 'node:fs'
import type { Settings } from '../settings/settings.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { Reloader } from './reload.ts'
import { watchForChanges } from './watch-file.ts'

export interface FollowOptions {
  readonly settings: Settings
  readonly reloader: Pick<Reloader, 'isServed' | 'loadSource'>
  readonly log: Pick<Logger, 'notice' | 'error'>
  /** Instead of what the system reports. */
  readonly watch?: typeof watchForChanges
}

/** Puts the declarative file in force whenever it changes, if it is to be watched. */
export function followSource({ settings, reloader, log, watch = watchForChanges }: FollowOptions): {
  follow(settings: Settings): void
  stop(): void
} {
  let stop = start(settings)

  function start(followed: Settings): () => void {
    const { declarative_config: file, declarative_config_watch: isWatched } = followed
    if (!file || !isWatched) return () => {}
    let text = textOf(file)
    let turn = Promise.resolve()
    return watch(file, () => {
      const changed = textOf(file)
      // An editor that replaces the file leaves none for a moment.
      if (changed === undefined || changed === '' || changed === text) return
      text = changed
      turn = turn.then(() => reload(followed, file))
    })
  }

  async function reload(followed: Settings, file: string): Promise<void> {
    // Asked only now: a load before may have put this text in force, or another one in its place.
    const present = textOf(file)
    if (present !== undefined && reloader.isServed(present)) return
    try {
      await reloader.loadSource(followed, { by: 'file', detail: file })
      log.notice(`declarative config file ${file} changed and was reloaded`)
    } catch (error) {
      log.error(`Cannot reload, the configuration before goes on: ${(error as Error).message}`)
    }
  }

  return {
    follow(followed) {
      stop()
      stop = start(followed)
    },
    stop: () => stop(),
  }
}

function textOf(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8')
  } catch {
    // Not there at the moment.
    return undefined
  }
}
