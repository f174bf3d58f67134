/** What records of decisions and last uses of credentials cost an exchange. */
import { CredentialUses } from '../../src/gateway/credential-uses.ts'
import { DecisionRecorder } from '../../src/gateway/decision-recorder.ts'
import type { ProxyExchange } from '../../src/proxy/exchange.ts'
import { cost } from './cost.ts'

const recorder = new DecisionRecorder({ count: 1000, bytes: 2 ** 21, sample: 1000 })
const uses = new CredentialUses()

const credentials = Array.from({ length: 1000 }, (_, index) => {
  const id = `5ad2d2a0-0000-4000-8000-${String(index).padStart(12, '0')}`
  return { id, entity: { id } }
})
const passed = credentials.map((credential, index) => ({
  credential,
  finishedAtMs: 1_780_000_000_000 + index * 20,
  response: { source: 'service' },
  wantsPasses: false,
})) as unknown as readonly ProxyExchange[]

let turn = 0
const next = (): ProxyExchange => passed[(turn = (turn + 1) % passed.length)]!

cost('take the next exchange', next)
cost('begin: is it one of the sample?', () => recorder.wantsPasses())
cost('end: an exchange that passed', () => {
  const exchange = next()
  recorder.onFinished(exchange)
  return exchange
})
cost('end: last use, one of a thousand clients', () => {
  const exchange = next()
  uses.note(exchange)
  return exchange
})
cost('end: last use, the same client again', () => {
  uses.note(passed[0]!)
  return passed
})
