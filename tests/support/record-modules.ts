import { appendFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { isMainThread } from 'node:worker_threads'

/** Preloaded into a process (`--import`), writes down which files its worker threads load as modules. */
const file = process.env['RECORD_MODULES_IN']
if (!isMainThread && file !== undefined)
  registerHooks({
    load(url, context, next) {
      appendFileSync(file, `${url}\n`)
      return next(url, context)
    },
  })
