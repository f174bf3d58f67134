import type { GrpcMethod, HttpRule } from '../../plugin-kit/grpc/proto-file.ts'
import { pathTemplate, type PathTemplate } from './path-template.ts'

/** A request that a rule of the .proto file knows. */
export interface HttpCall {
  readonly method: GrpcMethod
  readonly rule: HttpRule
  /** By field path, decoded. */
  readonly variables: ReadonlyMap<string, string>
}

/** Finds the method a request over HTTP calls. @returns why there is none as a text */
export type HttpEndpoints = (method: string, path: string) => HttpCall | string

interface Endpoint {
  readonly method: GrpcMethod
  readonly rule: HttpRule
  readonly template: PathTemplate
}

/** Rules are tried in the order of the file. */
export function httpEndpoints(methods: readonly GrpcMethod[]): HttpEndpoints {
  const byMethod = new Map<string, Endpoint[]>()
  for (const method of methods)
    for (const rule of method.httpRules) {
      const known = byMethod.get(rule.method) ?? []
      known.push({ method, rule, template: pathTemplate(rule.template) })
      byMethod.set(rule.method, known)
    }
  return (name, path) => {
    const lower = name.toLowerCase()
    const endpoints = byMethod.get(lower)
    if (endpoints === undefined) return `Unknown method "${lower}"`
    for (const { method, rule, template } of endpoints) {
      const variables = template.match(path)
      if (variables !== undefined) return { method, rule, variables }
    }
    return `Unknown path "${path}"`
  }
}
