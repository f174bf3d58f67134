import { array, string, type EntityCheck, type RecordOf } from '../schema/field.ts'
import { compileLua } from './lua/lua-program.ts'

export const PHASES = [
  'certificate',
  'rewrite',
  'access',
  'header_filter',
  'body_filter',
  'log',
] as const

/** Code for each phase, as two plugins have it that differ only in when they run. */
export function serverlessSchema(plugin: string) {
  const code = (description: string) =>
    array(string({ custom_validator: (text: string) => codeFault(plugin, text) }), {
      description,
      required: true,
      default: [],
    })
  return {
    certificate: code('Lua code for the choice of a certificate.'),
    rewrite: code('Lua code that runs before a route is looked for; in global instances alone.'),
    access: code('Lua code that runs before the upstream is asked.'),
    header_filter: code('Lua code that may change the headers of the response.'),
    body_filter: code('Lua code that may change the body of the response.'),
    log: code('Lua code that runs when all is over.'),
  }
}

export type ServerlessConfig = RecordOf<ReturnType<typeof serverlessSchema>>

export const serverlessChecks: readonly EntityCheck[] = [
  { at_least_one_of: PHASES.map((phase) => `config.${phase}`) },
]

function codeFault(plugin: string, text: string): string | undefined {
  try {
    compileLua(text)
    return undefined
  } catch (error) {
    return `error parsing ${plugin}: ${(error as Error).message}`
  }
}
