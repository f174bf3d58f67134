import {
  boolean,
  integer,
  record,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'
import { host, port } from '../field-types.ts'
import { maxRequestBodySize } from './body-size-field.ts'
import { llmChecks, llmFields } from './llm-fields.ts'

/** What a model is to do; the first fields of plugins that let one transform messages. */
export const instructionFields = {
  prompt: string({
    description: 'What the model is told to do with the body.',
    required: true,
  }),
  transformation_extract_pattern: string({
    description:
      'A regular expression: what of the answer it first matches is the new body. Absent: all of it.',
    required: false,
  }),
}

/** How the model is asked; the last fields of such plugins. */
export const askingFields = {
  http_timeout: integer({
    description: 'How long the model may say nothing, in milliseconds.',
    required: true,
    default: 60_000,
  }),
  https_verify: boolean({
    description: 'Whether the certificate of the model’s service is checked.',
    required: true,
    default: true,
  }),
  max_request_body_size: maxRequestBodySize,
  http_proxy_host: host({ description: 'Host of the proxy for models without TLS.' }),
  http_proxy_port: port({ description: 'Port of the proxy for models without TLS.' }),
  https_proxy_host: host({ description: 'Host of the proxy for models with TLS.' }),
  https_proxy_port: port({ description: 'Port of the proxy for models with TLS.' }),
  llm: record(llmFields, { entity_checks: llmChecks }),
}

const TRANSFORMER_FIELDS = { ...instructionFields, ...askingFields }
export type TransformerConfig = RecordOf<typeof TRANSFORMER_FIELDS>

export const transformerChecks: readonly EntityCheck[] = [
  {
    conditional: {
      if_field: 'config.llm.route_type',
      if_match: { not_one_of: ['llm/v1/chat'] },
      then_field: 'config.llm.route_type',
      then_match: { eq: 'llm/v1/chat' },
      then_err: "'config.llm.route_type' must be 'llm/v1/chat' for AI transformer plugins",
    },
  },
  { mutually_required: ['config.http_proxy_host', 'config.http_proxy_port'] },
  { mutually_required: ['config.https_proxy_host', 'config.https_proxy_port'] },
]
