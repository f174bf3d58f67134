import { SourceFault, type Ask } from './question.ts'

/** Longer answers are not about one consumer. */
const ANSWER_LIMIT_BYTES = 64 * 1024

/** Statuses by which a server says that it knows nobody. */
const NOBODY = new Set([204, 404])

/**
 * Asks a server: the question is sent as JSON, in the body, since values are secrets more often than
 * not and URLs end in access logs. 200 with JSON is an answer; 204 and 404 say that there is none.
 *
 * @param token sent as a bearer token, so that the server knows who asks
 */
export function askHttp(url: URL, token: string | undefined): Ask {
  const headers = {
    accept: 'application/json',
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  }
  return async (question, signal) => {
    const response = await send(url, {
      method: 'POST',
      headers,
      body: JSON.stringify(question),
      // The question and the token are for this server alone.
      redirect: 'manual',
      signal,
    })
    const { status } = response
    if (status === 200) return parse(await readBody(response))
    await response.body?.cancel()
    if (NOBODY.has(status)) return undefined
    throw new SourceFault(`the server answered ${status}`, {
      isOutage: status >= 500 || status === 429 || status === 401 || status === 403,
    })
  }
}

async function send(url: URL, init: RequestInit): Promise<Response> {
  try {
    return await fetch(url, init)
  } catch (error) {
    // The reason of a failed fetch is in its cause.
    const { cause, message } = error as Error
    const why =
      cause instanceof Error ? cause.message || String(Reflect.get(cause, 'code')) : message
    throw new SourceFault(`the server cannot be asked: ${why}`, { isOutage: true, cause: error })
  }
}

async function readBody(response: Response): Promise<string> {
  const chunks: Uint8Array[] = []
  let bytes = 0
  for await (const chunk of response.body ?? []) {
    bytes += chunk.length
    if (bytes > ANSWER_LIMIT_BYTES)
      throw new SourceFault(`an answer is longer than ${ANSWER_LIMIT_BYTES} bytes`, {
        isOutage: false,
      })
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString()
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch (cause) {
    // The message of the parser would show a piece of the answer.
    throw new SourceFault('an answer is no JSON', { isOutage: false, cause })
  }
}
