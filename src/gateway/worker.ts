import { parentPort, workerData } from 'node:worker_threads'
import { Errands } from './errands.ts'
import type { PortsByListener } from './proxy-listeners.ts'
import { WorkerPlane } from './worker-plane.ts'
import type {
  Answers,
  AtOnce,
  FromWorker,
  InTurn,
  Question,
  ToWorker,
  WorkerStart,
} from './worker-messages.ts'

/** A worker thread: does what the control plane sends. */
const port = parentPort!
const errands = new Errands((id, errand) => say({ kind: 'errand', id, errand }))
const plane = WorkerPlane.create(workerData as WorkerStart, (errand) => errands.run(errand))
let turn: Promise<unknown> = plane
/** Ends when listeners are as the last message about them says. */
let listening: Promise<unknown> = plane
/** Once it is to end, it listens on nothing more. */
let isEnding = false

port.on('message', (message: ToWorker) => {
  // A failure here is a bug: the thread ends, and another one takes its place.
  switch (message.kind) {
    case 'set-log-level':
    case 'reopen-logs':
    case 'ask':
    case 'drain':
    case 'errand-done':
      void plane.then((worker) => handleAtOnce(worker, message))
      return
    case 'prepare':
    case 'commit':
    case 'discard':
    case 'listen':
    case 'apply-settings':
      turn = turn.then(async () => handle(await plane, message))
  }
})

async function handle(worker: WorkerPlane, message: InTurn): Promise<void> {
  switch (message.kind) {
    case 'prepare': {
      const { generation, content } = message
      say({ generation, ...(await worker.prepare(generation, content)) })
      return
    }
    case 'commit':
      say({
        kind: 'committed',
        generation: message.generation,
        isServed: worker.commit(message.generation),
      })
      return
    case 'discard':
      worker.discard(message.generation)
      return
    case 'listen':
      say(await listen(() => worker.listen(message.certificates, message.ports)))
      return
    case 'apply-settings':
      say(await listen(() => worker.applySettings(message, message.ports)))
  }
}

function handleAtOnce(worker: WorkerPlane, message: AtOnce): void {
  switch (message.kind) {
    case 'set-log-level':
      worker.setLogLevel(message.level)
      return
    case 'reopen-logs':
      worker.reopenLogs()
      return
    case 'ask':
      void answerOf(worker, message.question)
        .then((value) => say({ kind: 'answer', id: message.id, value }))
        .catch((error: unknown) => {
          const reason = (error as Error).stack ?? String(error)
          say({ kind: 'not-answered', id: message.id, reason })
        })
      return
    case 'drain':
      isEnding = true
      void listening.then(() => worker.drain(message.timeoutMs)).then(() => process.exit(0))
      return
    case 'errand-done':
      errands.done(message.id, message.answer)
  }
}

async function listen(change: () => Promise<PortsByListener>): Promise<FromWorker> {
  if (isEnding) return { kind: 'not-listening', reason: 'The worker is about to end' }
  const changed = change()
  listening = changed.catch(() => {
    // Whoever sent the message hears of it.
  })
  try {
    return { kind: 'listening', ports: await changed }
  } catch (error) {
    return { kind: 'not-listening', reason: (error as Error).message }
  }
}

async function answerOf(worker: WorkerPlane, question: Question): Promise<Answers[keyof Answers]> {
  switch (question.about) {
    case 'status':
      return worker.status()
    case 'health':
      return worker.health(question.upstreamId)
    case 'plugin-route':
      return worker.answerPluginRoute(question.route, question.request)
    case 'forget-consumers':
      worker.forgetConsumers(question.which)
      return true
    case 'set-health':
      return worker.setHealth(question)
    case 'decision':
      return worker.explainRecords(question.prefix)
    case 'decisions':
      return worker.decisions(question.filter)
    case 'public-keys':
      return worker.publicKeys(question.keySetId)
    case 'last-uses':
      return worker.lastUses(question.credentialIds)
  }
}

function say(message: FromWorker): void {
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a thread, not a window
  port.postMessage(message)
}
