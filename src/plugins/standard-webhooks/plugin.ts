import { createHmac } from 'node:crypto'
import { refuse, type Answer } from '../../plugin-kit/answer.ts'
import { equalSecrets } from '../../plugin-kit/equal-secrets.ts'
import type { ClientRequest } from '../../plugin-kit/exchange.ts'
import { general } from '../../plugin-kit/lua/number-text.ts'
import { definePlugin, type Plugin } from '../../plugin-kit/plugin.ts'
import { schema, type Config } from './schema.ts'

/** A longer body fails the check. Only a webhook that is new enough gets its body read at all. */
const BODY_LIMIT_BYTES = 8 * 1024 * 1024

/**
 * Lets only webhooks through that are signed with the secret and not too old.
 *
 * @see Standard Webhooks 1.0.0, of which this is the part Kong knows: one signature, version `v1`,
 * and a secret without the `whsec_` coding
 */
export const standardWebhooks: Plugin = definePlugin({
  name: 'standard-webhooks',
  priority: 760,
  schema,
  not: ['consumer'],

  create(config, { node }) {
    return {
      access: ({ request }) => check(request, config, node.now() / 1000),
    }
  },
})

function check(
  request: ClientRequest,
  config: Config,
  nowSeconds: number,
): Answer | Promise<Answer | undefined> {
  const id = request.header('webhook-id')
  const signature = request.header('webhook-signature')
  const timestamp = request.header('webhook-timestamp')
  if (id === undefined || signature === undefined || timestamp === undefined)
    return refusal('webhook-id, webhook-signature or webhook-timestamp is missing')
  const sentAt = secondsOf(timestamp)
  if (nowSeconds - sentAt > config.tolerance_second)
    return refusal(`it is older than ${config.tolerance_second} s`)
  return request.readBody(BODY_LIMIT_BYTES).then((body) => {
    if (body === 'too-large') return refusal(`its body is longer than ${BODY_LIMIT_BYTES} bytes`)
    if (body.length === 0) return refusal('it has no body')
    const expected = signatureOf({ id, sentAt, body }, config.secret_v1)
    return equalSecrets(signature, expected) ? undefined : refusal('its signature is another')
  })
}

/** The client is not told what is wrong. */
function refusal(why: string): Answer {
  return refuse(400, undefined, { reason: `standard-webhooks: the webhook is refused, ${why}` })
}

/** @returns 0, which is too old, for a text that is no number */
function secondsOf(text: string): number {
  const isNumber = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?\s*$/i.test(text)
  return isNumber ? Number(text) : 0
}

interface Webhook {
  readonly id: string
  /** Unix time in seconds. */
  readonly sentAt: number
  readonly body: Uint8Array
}

/** The time is signed as the number it stands for, so leading zeros do not count. */
function signatureOf({ id, sentAt, body }: Webhook, secret: string): string {
  const mac = createHmac('sha256', secret)
    .update(`${id}.${general(sentAt, 14)}.`)
    .update(body)
  return `v1,${mac.digest('base64')}`
}
