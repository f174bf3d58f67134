import { parentPort, workerData } from 'node:worker_threads'
import { Errands } from './errands.ts'
import type { PortsByListener } from './proxy-listeners.ts'
import { WorkerPlane } from './worker-plane.ts'
import type { Answers, FromWorker, Question, ToWorker, WorkerStart } from './worker-messages.ts'

/** A worker thread: does what the control plane sends, one message after the other. */
const port = parentPort!
const errands = new Errands((id, errand) => say({ kind: 'errand', id, errand }))
const plane = WorkerPlane.create(workerData as WorkerStart, (errand) => errands.run(errand))
let turn: Promise<unknown> = plane

port.on('message', (message: ToWorker) => {
  if (message.kind === 'errand-done') {
    errands.done(message.id, message.answer)
    return
  }
  // A failure here is a bug: the thread ends, and another one takes its place.
  turn = turn.then(async () => handle(await plane, message))
})

async function handle(
  worker: WorkerPlane,
  message: Exclude<ToWorker, { kind: 'errand-done' }>,
): Promise<void> {
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
      say(await listening(worker.listen(message.certificates, message.ports)))
      return
    case 'apply-settings':
      say(await listening(worker.applySettings(message, message.ports)))
      return
    case 'set-log-level':
      worker.setLogLevel(message.level)
      return
    case 'reopen-logs':
      worker.reopenLogs()
      return
    case 'ask':
      // Not awaited: a plugin may take its time, and configurations must not wait for it.
      void answerOf(worker, message.question)
        .then((value) => say({ kind: 'answer', id: message.id, value }))
        .catch((error: unknown) => {
          const reason = (error as Error).stack ?? String(error)
          say({ kind: 'not-answered', id: message.id, reason })
        })
      return
    case 'drain':
      // Not awaited: a second message may hurry it.
      void worker.drain(message.timeoutMs).then(() => process.exit(0))
  }
}

async function listening(done: Promise<PortsByListener>): Promise<FromWorker> {
  try {
    return { kind: 'listening', ports: await done }
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
