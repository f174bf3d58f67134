import { isJsonObject, type JsonObject } from '../base/json.ts'
import { array, integer, map, string, type RecordSpec } from '../schema/field.ts'
import { parseRecord } from '../schema/parse.ts'
import { json, message, type AdminAnswer } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { bodyFields } from './entity-input.ts'
import { schemaViolationAnswer } from './error-answers.ts'
import type { AdminRequest, Resource } from './resource.ts'

/**
 * `POST /explain/route`: which route would take a request, and why the others would not. Of our own,
 * so it is not among the addresses that `/endpoints` lists for clients of Kong.
 */
export function explainResources(context: AdminContext): readonly Resource[] {
  return [
    {
      path: '/explain/route',
      isUnlisted: true,
      methods: { POST: (request) => explainRoute(context, request) },
    },
  ]
}

/** A request as somebody describes it; `null` stands for what is not said. */
export interface DescribedRequest {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, readonly string[]>> | null
  readonly sni: string | null
  readonly source_ip: string | null
  readonly source_port: number | null
  readonly destination_ip: string | null
  readonly destination_port: number | null
  readonly consumer: string | null
}

const PORT = { between: [0, 65_535] } as const

const DESCRIPTION: RecordSpec = {
  type: 'record',
  fields: {
    method: string({ default: 'GET', match: '^[^%s]+$' }),
    url: string({ required: true }),
    headers: map(string(), array(string())),
    sni: string(),
    source_ip: string(),
    source_port: integer(PORT),
    destination_ip: string(),
    destination_port: integer(PORT),
    consumer: string(),
  },
}

function explainRoute(context: AdminContext, { input }: AdminRequest): AdminAnswer {
  const parsed = parseRecord(DESCRIPTION, withHeaderLists(bodyFields(input)))
  if (!parsed.ok) return schemaViolationAnswer(parsed.violations)
  const explanation = context.explainRoute(parsed.value as unknown as DescribedRequest)
  return 'fault' in explanation ? message(400, explanation.fault) : json(200, explanation)
}

/** A header that stands once may be written without a list. */
function withHeaderLists(fields: JsonObject): JsonObject {
  const { headers } = fields
  if (!isJsonObject(headers)) return fields
  const lists = Object.entries(headers).map(([name, value]) => [
    name,
    typeof value === 'string' ? [value] : value,
  ])
  return { ...fields, headers: Object.fromEntries(lists) }
}
