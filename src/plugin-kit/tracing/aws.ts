import { onlyValue, traceIdFor, type TraceContext, type TraceFormat } from './trace-context.ts'

const HEADER = 'x-amzn-trace-id'
const ROOT = /^1-([0-9a-f]{8})-([0-9a-f]{24})$/i

/**
 * `X-Amzn-Trace-Id: Root=1-<8 digits>-<24 digits>;Parent=<16 digits>;Sampled=1`; other members are
 * passed over.
 *
 * @see https://docs.aws.amazon.com/xray/latest/devguide/xray-concepts.html#xray-concepts-tracingheader
 */
export const aws: TraceFormat = {
  name: 'aws',

  read(source, warn) {
    const value = onlyValue(source, HEADER)
    if (value === undefined) return undefined
    let context: TraceContext = {}
    for (const member of value.split(';')) {
      const [key = '', text = ''] = member.split('=').map((part) => part.trim())
      const read = readMember(key, text)
      if (typeof read === 'string') {
        warn(`invalid aws header ${read}; ignoring.`)
        return undefined
      }
      context = { ...context, ...read }
    }
    return context
  },

  write(context) {
    const { spanId, isSampled } = context
    const traceId = traceIdFor(context, [16])
    if (traceId === undefined || spanId === undefined) return undefined
    const root = `1-${traceId.slice(0, 8)}-${traceId.slice(8)}`
    return { [HEADER]: `Root=${root};Parent=${spanId};Sampled=${isSampled ? '1' : '0'}` }
  },

  shownTraceId: (context) => ({ aws: traceIdFor(context, [16]) ?? '' }),
}

/** @returns the name of what is wrong, if something is */
function readMember(key: string, text: string): TraceContext | string {
  switch (key) {
    case 'Root': {
      const root = ROOT.exec(text)
      return root === null ? 'trace id' : { traceId: `${root[1]}${root[2]}` }
    }
    case 'Parent':
      return /^[0-9a-f]{16}$/i.test(text) ? { spanId: text } : 'parent id'
    case 'Sampled':
      return text === '0' || text === '1' ? { isSampled: text === '1' } : 'sampled flag'
    default:
      return {}
  }
}
