import { RequestHead } from '../http/request-head.ts'
import { ResponseHead } from '../http/response-head.ts'

/**
 * Heads hold room for a thousand fields, which is too much to make for each request or keep for each
 * idle connection. They go round; whoever gives one back must have let go of it. Those that are kept
 * because they repeat are as large as they must be, and do not go round.
 */
const requestHeads: RequestHead[] = []
const responseHeads: ResponseHead[] = []
const KEPT = 1024

/** A head without fields, for exchanges that are over. */
export const SPENT_HEAD = new RequestHead()

export function takeRequestHead(): RequestHead {
  return requestHeads.pop() ?? new RequestHead()
}

export function giveRequestHead(head: RequestHead): void {
  if (head.made === undefined && requestHeads.length < KEPT) requestHeads.push(head)
}

export function takeResponseHead(): ResponseHead {
  return responseHeads.pop() ?? new ResponseHead()
}

export function giveResponseHead(head: ResponseHead): void {
  if (head.made === undefined && responseHeads.length < KEPT) responseHeads.push(head)
}
