import { boolean, number, string, type RecordOf } from '../../schema/field.ts'

const secret = { encrypted: true, referenceable: true } as const

export const schema = {
  timeout: number({
    description: 'How long the function may say nothing, in milliseconds.',
    default: 600_000,
  }),
  keepalive: number({
    description: 'How long an idle connection to the function is kept, in milliseconds.',
    default: 60_000,
  }),
  https: boolean({ description: 'Whether the function is called over TLS.', default: true }),
  https_verify: boolean({
    description: 'Whether the certificate of the function’s host is checked.',
    default: false,
  }),
  apikey: string({
    description: 'The key of the function, sent as `x-functions-key`.',
    ...secret,
  }),
  clientid: string({
    description: 'The name of the key, sent as `x-functions-clientid`.',
    ...secret,
  }),
  appname: string({ description: 'The name of the function app.', required: true }),
  hostdomain: string({
    description: 'The domain that function apps are in.',
    required: true,
    default: 'azurewebsites.net',
  }),
  routeprefix: string({ description: 'What the paths of functions begin with.', default: 'api' }),
  functionname: string({ description: 'The name of the function.', required: true }),
}

export type Config = RecordOf<typeof schema>
