import { awsEventReader } from './aws-event-stream.ts'
import { END_OF_STREAM, type StreamEvent } from './provider.ts'

/** Takes a stream apart, however it is cut into pieces. */
export interface EventReader {
  /** @throws when the stream is damaged, or one event is longer than 8 MiB */
  push(bytes: Buffer): readonly StreamEvent[]
  /** What the end of the stream completes. */
  end(): readonly StreamEvent[]
}

const AMAZON = 'application/vnd.amazon.eventstream'
const TEXTUAL: ReadonlySet<string> = new Set([
  'text/event-stream',
  'application/json',
  'application/stream+json',
  'application/x-ndjson',
])

/**
 * The reader for a stream of a type. Some providers send JSON where events are announced, and the
 * other way round, so the first letter decides between the two.
 *
 * @returns nothing for types that are no streams
 */
export function eventReader(contentType: string | undefined): EventReader | undefined {
  const type = contentType?.split(';', 1)[0]!.trim().toLowerCase()
  if (type === AMAZON) return awsEventReader()
  return type === undefined || TEXTUAL.has(type) ? textReader() : undefined
}

const LONGEST_EVENT = 8 * 1024 * 1024

interface TextReader {
  push(text: string): readonly StreamEvent[]
  end(): readonly StreamEvent[]
  /** Of what is held back. */
  readonly length: number
}

function textReader(): EventReader {
  const decoder = new TextDecoder()
  let reader: TextReader | undefined
  return {
    push(bytes) {
      const text = decoder.decode(bytes, { stream: true })
      const start = text.trimStart()
      if (reader === undefined && start !== '')
        reader = '{[,'.includes(start[0]!) ? jsonReader() : serverSentReader()
      const events = reader?.push(text) ?? []
      if ((reader?.length ?? 0) > LONGEST_EVENT) throw new Error('An event of a stream is too long')
      return events
    },
    end: () => reader?.end() ?? [],
  }
}

/** @see WHATWG HTML, §9.2.6 "Interpreting an event stream" */
function serverSentReader(): TextReader {
  let pending = ''
  let event: string | undefined
  let data: string[] = []

  function take(line: string): StreamEvent | undefined {
    if (line === '') {
      const whole = data.length === 0 ? undefined : { event, data: data.join('\n') }
      event = undefined
      data = []
      return whole
    }
    const [, field = line, value = ''] = /^([^:]*):[ \t]*(.*)$/s.exec(line) ?? []
    if (field === 'event') event = value
    else if (field === 'data') data.push(value)
    return undefined
  }

  return {
    push(text) {
      const lines = (pending + text).split('\n')
      pending = lines.pop()!
      return lines.flatMap((line) => take(line.endsWith('\r') ? line.slice(0, -1) : line) ?? [])
    },
    // The last event may end with the stream.
    end: () => [take(pending), take('')].flatMap((each) => each ?? []),
    get length() {
      return pending.length + data.reduce((sum, line) => sum + line.length, 0)
    },
  }
}

/** JSON objects one after the other, or as elements of a list; the end of a list ends the stream. */
function jsonReader(): TextReader {
  let pending = ''
  let scanned = 0
  let depth = 0
  let isText = false
  let isEscaped = false
  let isList = false

  /** @returns whether the letter ended an object */
  function step(letter: string): boolean {
    if (isText) {
      if (isEscaped) isEscaped = false
      else if (letter === '\\') isEscaped = true
      else if (letter === '"') isText = false
      return false
    }
    if (letter === '"') isText = true
    else if (letter === '{') depth += 1
    else if (letter === '}') depth -= 1
    return letter === '}' && depth === 0
  }

  return {
    push(text) {
      pending += text
      const events: StreamEvent[] = []
      while (scanned < pending.length) {
        if (depth === 0) {
          // Between objects: a list may begin or end, all else only separates.
          const letter = pending[0]!
          if (letter === '[') isList = true
          if (letter === ']' && isList) events.push({ event: undefined, data: END_OF_STREAM })
          if (letter !== '{') {
            pending = pending.slice(1)
            continue
          }
        }
        if (step(pending[scanned]!)) {
          events.push({ event: undefined, data: pending.slice(0, scanned + 1) })
          pending = pending.slice(scanned + 1)
          scanned = 0
        } else scanned += 1
      }
      return events
    },
    end: () => [],
    get length() {
      return pending.length
    },
  }
}
