import { array, boolean, integer, record, string, type RecordOf } from '../../schema/field.ts'

export const schema = {
  response_code: array(integer({ between: [100, 900] }), {
    description: 'The statuses of responses that are cached.',
    required: true,
    default: [200, 301, 404],
    len_min: 1,
  }),
  request_method: array(string({ one_of: ['HEAD', 'GET', 'POST', 'PATCH', 'PUT'] }), {
    description: 'The methods of requests that are answered from the cache.',
    required: true,
    default: ['GET', 'HEAD'],
  }),
  content_type: array(string(), {
    description:
      'The content types of responses that are cached, with their parameters; `*` may stand for a type or subtype.',
    required: true,
    default: ['text/plain', 'application/json'],
  }),
  cache_ttl: integer({
    description: 'How long, in seconds, a response is served from the cache.',
    default: 300,
    gt: 0,
  }),
  strategy: string({
    description: 'Where responses are cached.',
    required: true,
    one_of: ['memory'],
  }),
  cache_control: boolean({
    description: 'Whether `Cache-Control` of requests and responses decides.',
    required: true,
    default: false,
  }),
  ignore_uri_case: boolean({
    description: 'Whether paths that differ only in case share an entry.',
    required: false,
    default: false,
  }),
  storage_ttl: integer({
    description:
      'How long, in seconds, a response is kept, whatever else says how long it is served.',
  }),
  memory: record(
    {
      dictionary_name: string({
        description: 'The name of the memory. Any name stands for the memory of the node.',
        required: true,
        default: 'kong_db_cache',
      }),
    },
    { required: true },
  ),
  vary_query_params: array(string(), {
    description: 'The query arguments that tell entries apart. All do when it is absent.',
  }),
  vary_headers: array(string(), {
    description: 'The request headers that tell entries apart. None do when it is absent.',
  }),
  response_headers: record(
    {
      age: boolean({ default: true }),
      'X-Cache-Status': boolean({ default: true }),
      'X-Cache-Key': boolean({ default: true }),
    },
    { description: 'Which headers tell clients about the cache.' },
  ),
}

export type Config = RecordOf<typeof schema>
