import {
  boolean,
  integer,
  number,
  record,
  string,
  type EntityCheck,
  type RecordOf,
} from '../../schema/field.ts'
import { url } from '../field-types.ts'

const optional = { required: false } as const
const reference = { required: false, referenceable: true } as const
const secret = { required: false, encrypted: true, referenceable: true } as const

const auth = record(
  {
    header_name: string({
      description: 'The header that the model’s service knows its clients by.',
      ...reference,
    }),
    header_value: string({
      description: 'The whole value of that header, such as `Bearer key`.',
      ...secret,
    }),
    param_name: string({
      description: 'The parameter that the model’s service knows its clients by.',
      ...reference,
    }),
    param_value: string({ description: 'The whole value of that parameter.', ...secret }),
    param_location: string({
      description: 'Whether the parameter is part of the query or of the body.',
      ...optional,
      one_of: ['query', 'body'],
    }),
    gcp_use_service_account: boolean({
      description: 'Whether a service account of Google’s cloud is used.',
      ...optional,
      default: false,
    }),
    gcp_service_account_json: string({
      description:
        'The JSON file of the service account. Absent: the variable `GCP_SERVICE_ACCOUNT`, or the account of the machine.',
      ...reference,
    }),
    aws_access_key_id: string({
      description: 'The id of an access key of Amazon’s cloud. Absent: what the machine knows.',
      ...secret,
    }),
    aws_secret_access_key: string({ description: 'The secret of that access key.', ...secret }),
    allow_override: boolean({
      description: 'Whether a client may send the header or the parameter itself.',
      ...optional,
      default: false,
    }),
  },
  optional,
)

const gemini = record(
  {
    api_endpoint: string({ description: 'Host name of a region of Vertex.', ...optional }),
    project_id: string({ description: 'Project on Vertex.', ...optional }),
    location_id: string({ description: 'Location on Vertex.', ...optional }),
  },
  {
    ...optional,
    entity_checks: [{ mutually_required: ['api_endpoint', 'project_id', 'location_id'] }],
  },
)

const bedrock = record(
  {
    aws_region: string({
      description: 'The region to ask. Absent: the variable `AWS_REGION`.',
      ...optional,
    }),
  },
  optional,
)

const huggingface = record(
  {
    use_cache: boolean({
      description: 'Whether an answer to the same request may be used again.',
      ...optional,
    }),
    wait_for_model: boolean({
      description: 'Whether to wait for a model that is not loaded yet.',
      ...optional,
    }),
  },
  optional,
)

const options = record(
  {
    max_tokens: integer({
      description: 'How many tokens an answer has at most.',
      ...optional,
      default: 256,
    }),
    input_cost: number({
      description: 'What a million tokens of a prompt cost.',
      ...optional,
      gt: 0,
    }),
    output_cost: number({
      description: 'What a million tokens of an answer cost.',
      ...optional,
      gt: 0,
    }),
    temperature: number({
      description: 'How freely the model chooses.',
      ...optional,
      between: [0, 5],
    }),
    top_p: number({
      description: 'The probability that the likeliest tokens together have to reach.',
      ...optional,
      between: [0, 1],
    }),
    top_k: integer({
      description: 'How many of the likeliest tokens are chosen from.',
      ...optional,
      between: [0, 500],
    }),
    anthropic_version: string({ description: 'Version of Anthropic’s API.', ...optional }),
    azure_instance: string({ description: 'Instance of OpenAI on Azure.', ...optional }),
    azure_api_version: string({
      description: 'Version of Azure’s API.',
      ...optional,
      default: '2023-05-15',
    }),
    azure_deployment_id: string({ description: 'Deployment of OpenAI on Azure.', ...optional }),
    llama2_format: string({
      description: 'What form requests to a Llama have.',
      ...optional,
      one_of: ['raw', 'openai', 'ollama'],
    }),
    mistral_format: string({
      description: 'What form requests to a Mistral have.',
      ...optional,
      one_of: ['openai', 'ollama'],
    }),
    upstream_url: url({
      description: 'The whole URL of the model, where it is not the one of its provider.',
      ...optional,
    }),
    upstream_path: string({
      description: 'The path to ask for at the provider, where it is not the usual one.',
      ...optional,
    }),
    gemini,
    bedrock,
    huggingface,
  },
  { description: 'Settings of the model.', ...optional },
)

const model = record(
  {
    provider: string({
      description: 'Whose form requests and answers of the model have.',
      required: true,
      one_of: [
        'openai',
        'azure',
        'anthropic',
        'cohere',
        'mistral',
        'llama2',
        'gemini',
        'bedrock',
        'huggingface',
      ],
    }),
    name: string({ description: 'Name of the model.', ...optional }),
    options,
  },
  { required: true },
)

const logging = record(
  {
    log_statistics: boolean({
      description: 'Whether logs have tokens, cost and times.',
      required: true,
      default: false,
    }),
    log_payloads: boolean({
      description: 'Whether logs have what was asked and answered.',
      required: true,
      default: false,
    }),
  },
  { required: true },
)

/** A language model and how it is asked: the config of `ai-proxy`, a part of that of others. */
export const llmFields = {
  route_type: string({
    description: 'What the model is asked for. With `preserve` nothing is translated.',
    required: true,
    one_of: ['llm/v1/chat', 'llm/v1/completions', 'preserve'],
  }),
  auth,
  model,
  logging,
}

export type LlmConfig = RecordOf<typeof llmFields>
export type ModelConfig = LlmConfig['model']
export type ModelOptions = ModelConfig['options']

type Sparse<Inner> = { readonly [Name in keyof Inner]: Inner[Name] | undefined }

/** The same config, in which records that need not be there are. */
export function withAllRecords(config: LlmConfig): LlmConfig {
  const auth = config.auth as LlmConfig['auth'] | undefined
  const options = config.model.options as Sparse<ModelOptions> | undefined
  return {
    ...config,
    auth: auth ?? NO_AUTH,
    model: {
      ...config.model,
      options: {
        ...(options as ModelOptions),
        gemini: options?.gemini ?? NOTHING,
        bedrock: options?.bedrock ?? NOTHING,
        huggingface: options?.huggingface ?? NOTHING,
      },
    },
  }
}

const NO_AUTH = { gcp_use_service_account: false, allow_override: false } as LlmConfig['auth']
const NOTHING = {} as ModelOptions['gemini'] & ModelOptions['bedrock'] & ModelOptions['huggingface']

function wants(provider: string, option: string, by = `${provider} provider`): EntityCheck {
  return {
    conditional_at_least_one_of: {
      if_field: 'model.provider',
      if_match: { one_of: [provider] },
      then_at_least_one_of: [`model.options.${option}`],
      then_err: `must set %s for ${by}`,
    },
  }
}

/** Checks inside the record that has {@link llmFields}. */
export const llmChecks: readonly EntityCheck[] = [
  {
    conditional: {
      if_field: 'model.provider',
      if_match: { one_of: ['bedrock', 'gemini'] },
      then_field: 'auth.allow_override',
      then_match: { eq: false },
      then_err: 'bedrock and gemini only support auth.allow_override = false',
    },
  },
  { mutually_required: ['auth.header_name', 'auth.header_value'] },
  { mutually_required: ['auth.param_name', 'auth.param_value', 'auth.param_location'] },
  wants('llama2', 'llama2_format'),
  wants('mistral', 'mistral_format'),
  wants('anthropic', 'anthropic_version'),
  wants('azure', 'azure_instance'),
  wants('azure', 'azure_api_version'),
  wants('azure', 'azure_deployment_id'),
  wants('llama2', 'upstream_url', 'self-hosted providers/models'),
  {
    custom_entity_check: {
      field_sources: ['route_type', 'model', 'logging'],
      fn: (entity) => countsNothing(entity as unknown as LlmConfig),
    },
  },
]

function countsNothing({ route_type, model, logging }: LlmConfig): string | undefined {
  if (!logging.log_statistics) return undefined
  return model.provider === 'anthropic' && route_type === 'llm/v1/completions'
    ? `${model.provider} does not support statistics when route_type is ${route_type}`
    : undefined
}
