import type { Consumer } from '../entities/entity.ts'
import type { ConsumerSource, SourceAnswer } from '../plugin-kit/consumer-source.ts'
import type { PluginLog } from '../plugin-kit/plugin.ts'
import { Circuit } from './circuit.ts'
import {
  nameOf,
  NONE,
  SourceMemory,
  UNAVAILABLE,
  type Learned,
  type MemoryLimits,
} from './memory.ts'
import { SourceFault, type Ask, type Question } from './question.ts'
import type { SourceRecord } from './read-record.ts'
import { VainQuestions } from './vain-questions.ts'

export interface SourceLimits extends MemoryLimits {
  /** How long an answer is waited for. */
  readonly timeoutMs: number
  /** Most questions on their way at a time. */
  readonly questions: number
  /** Most questions in vain in a minute, of one client and of all; 0: any number. */
  readonly vainOfOneClient: number
  readonly vainOfAll: number
}

export interface SourceOptions {
  readonly ask: Ask
  /** Kinds that the source can know. */
  readonly kinds: ReadonlySet<string>
  /** Checks an answer. @throws {SourceFault} */
  readonly read: (answer: unknown, question: Question) => SourceRecord
  readonly limits: SourceLimits
  /** Unix time in ms. */
  readonly now: () => number
  readonly log: Pick<PluginLog, 'error' | 'notice'>
}

/** A source as one worker holds it. */
export interface RememberingSource extends ConsumerSource {
  /** Asks again for everything. */
  forget(): void
  /**
   * Asks again for what is remembered under a value of a kind; for `consumers`, for everything of the
   * consumer with that id, username or custom id.
   */
  forgetOne(kind: string, value: string): void
  /** How much is remembered. */
  readonly sizes: SourceMemory['sizes'] & { readonly clients: number }
}

/** One client has at most this part of the questions that may be on their way. */
const SHARE_OF_ONE_CLIENT = 1 / 4

/** Longer values are nobody's: what is remembered must be bounded in bytes, too. */
const MAX_VALUE_LENGTH = 1024

/**
 * Remembers what a source says, within bounds: found or not, each for its time. Who asks for what is
 * on its way already waits for the same answer. While the source is down or slow, what is remembered
 * serves on for a while, and nobody waits for the rest.
 */
export function rememberingSource(options: SourceOptions): RememberingSource {
  const { kinds, limits, now } = options
  const memory = new SourceMemory(limits, now)
  const answers = new Answers(options, memory)
  const vain = vainQuestions(options)
  const groups = new WeakMap<Consumer, readonly string[]>()
  /** Questions on their way. */
  let asking = new Map<string, Promise<SourceAnswer>>()

  function ask(name: string, question: Question, client: string | undefined): Pending {
    if (asking.size >= limits.questions || !answers.mayAsk()) return memory.findStale(name)
    const end = client === undefined ? () => undefined : vain.begin(client)
    if (end === undefined) return memory.findStale(name)
    // After a forgetting there is another map, and what was asked before is not remembered.
    const begun = asking
    const pending = answers.of(question).then((answer) => {
      begun.delete(name)
      end(OUTCOMES[answer.kind])
      if (begun === asking) memory.remember(name, answer)
      if (answer.kind === 'found') groups.set(answer.consumer, answer.groups)
      return answer.kind === 'unavailable' ? memory.findStale(name) : answer
    })
    asking.set(name, pending)
    return pending
  }

  return {
    knows: (kind) => kinds.has(kind),
    groupsOf: (consumer) => groups.get(consumer),
    find(kind, field, value, client) {
      if (!isAskable(value)) return NONE
      const question = { kind, field, value }
      const name = nameOf(question)
      return memory.find(name) ?? asking.get(name) ?? ask(name, question, client)
    },
    forget() {
      asking = new Map()
      memory.forget()
    },
    forgetOne(kind, value) {
      asking = new Map()
      memory.forgetOne(kind, value)
    },
    get sizes() {
      return { ...memory.sizes, clients: vain.size }
    },
  }
}

type Pending = SourceAnswer | Promise<SourceAnswer>

const OUTCOMES = { found: 'found', none: 'in-vain', unavailable: 'unknown' } as const

function vainQuestions({ limits, now, log }: SourceOptions): VainQuestions {
  const { questions, vainOfOneClient: ofOneClient, vainOfAll: ofAll } = limits
  const atATime = Math.max(1, Math.floor(questions * SHARE_OF_ONE_CLIENT))
  return new VainQuestions({ ofOneClient, ofAll, atATime }, now, (whose) =>
    log.notice(`consumer_source: ${whose} came with too many unknown credentials, and must wait`),
  )
}

/** Databases take neither a NUL nor half a letter, and would fail for everybody's sake. */
function isAskable(value: string): boolean {
  return value.length <= MAX_VALUE_LENGTH && !value.includes('\0') && value.isWellFormed()
}

/** Asks, and makes an answer of whatever happens; failures are counted and logged. */
class Answers {
  readonly #options: SourceOptions
  readonly #memory: SourceMemory
  readonly #circuit: Circuit

  constructor(options: SourceOptions, memory: SourceMemory) {
    this.#options = options
    this.#memory = memory
    this.#circuit = new Circuit(options.now)
  }

  mayAsk(): boolean {
    return this.#circuit.mayAsk()
  }

  async of(question: Question): Promise<Learned> {
    const { ask, read, limits } = this.#options
    try {
      const answer = await answerInTime(ask, question, limits.timeoutMs)
      this.#noteAnswer()
      if (answer === undefined || answer === null) return NONE
      return this.#memory.begin(read(answer, question))
    } catch (error) {
      return this.#settle(error)
    }
  }

  #noteAnswer(): void {
    if (this.#circuit.succeeded()) this.#options.log.notice('consumer_source answers again')
  }

  #settle(error: unknown): Learned {
    const { log } = this.#options
    if (error instanceof SourceFault && !error.isOutage) {
      this.#noteAnswer()
      log.error(`consumer_source: ${error.message}`)
      return NONE
    }
    const reason = error instanceof Error ? error.message : 'it failed without saying why'
    const consequence = this.#circuit.failed() ? '; from now on it is only tried now and then' : ''
    log.error(`consumer_source has no answer: ${reason}${consequence}`)
    return UNAVAILABLE
  }
}

async function answerInTime(ask: Ask, question: Question, timeoutMs: number): Promise<unknown> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      reject(new SourceFault(`nothing came within ${timeoutMs} ms`, { isOutage: true }))
      controller.abort()
    }, timeoutMs)
  })
  try {
    return await Promise.race([ask(question, controller.signal), late])
  } finally {
    clearTimeout(timer)
  }
}
