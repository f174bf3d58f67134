import { existsSync } from 'node:fs'
import path from 'node:path'
import type protobuf from 'protobufjs'
import { protobufIncludes, protobufLibrary } from './protobuf-library.ts'

/** A way to call a method over HTTP, as its `google.api.http` option says. */
export interface HttpRule {
  /** Lower case. */
  readonly method: string
  readonly template: string
  /** Field that takes the body, `*` for the whole message; absent: there is none. */
  readonly body: string | undefined
}

/** A method of a service in a .proto file. */
export interface GrpcMethod {
  /** `/<package>.<Service>/<Method>`. */
  readonly path: string
  readonly request: protobuf.Type
  readonly response: protobuf.Type
  readonly httpRules: readonly HttpRule[]
}

/** Where imports are looked for after the folder of the file: Kong's place, the system's. */
const INCLUDES = ['/usr/local/kong/include', '/usr/include']

/**
 * Reads a .proto file with all it imports.
 * @returns the methods of all services in it
 * @throws {Error} naming the file and what is wrong with it
 */
export function readProtoFile(file: string): readonly GrpcMethod[] {
  const { Root } = protobufLibrary()
  const root = new Root()
  const folders = [path.dirname(file), ...INCLUDES, protobufIncludes()]
  root.resolvePath = (origin, target) =>
    origin === '' ? target : (foundIn([path.dirname(origin), ...folders], target) ?? target)
  try {
    root.loadSync(file, { keepCase: true })
    root.resolveAll()
    return methodsIn(root)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new Error(`Cannot read proto file "${file}": ${why}`, { cause: error })
  }
}

function foundIn(folders: readonly string[], name: string): string | undefined {
  return folders.map((folder) => path.join(folder, name)).find((file) => existsSync(file))
}

function methodsIn(namespace: protobuf.NamespaceBase): GrpcMethod[] {
  const { Namespace, Service } = protobufLibrary()
  return namespace.nestedArray.flatMap((nested) => {
    if (nested instanceof Service)
      return nested.methodsArray.map((method) => methodOf(nested, method))
    return nested instanceof Namespace ? methodsIn(nested) : []
  })
}

function methodOf(service: protobuf.Service, method: protobuf.Method): GrpcMethod {
  method.resolve()
  return {
    path: `/${service.fullName.slice(1)}/${method.name}`,
    request: method.resolvedRequestType!,
    response: method.resolvedResponseType!,
    httpRules: (method.parsedOptions ?? []).flatMap((option) =>
      httpRulesOf(option['(google.api.http)']),
    ),
  }
}

const METHODS: ReadonlySet<string> = new Set(['get', 'post', 'put', 'patch', 'delete'])

/** The rule itself, then its `additional_bindings`. */
function httpRulesOf(option: unknown): HttpRule[] {
  if (typeof option !== 'object' || option === null) return []
  const rule = option as Readonly<Record<string, unknown>>
  const { body } = rule
  const own = Object.entries(rule).flatMap(([method, template]) =>
    METHODS.has(method) && typeof template === 'string'
      ? [{ method, template, body: typeof body === 'string' ? body : undefined }]
      : [],
  )
  const more = [rule['additional_bindings']].flat()
  return [...own, ...more.flatMap((binding) => httpRulesOf(binding))]
}
