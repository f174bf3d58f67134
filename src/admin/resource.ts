import type { AdminAnswer } from './admin-answer.ts'
import type { Input } from './read-input.ts'

/** A request to a resource, its body read. */
export interface AdminRequest {
  /** Decoded segments of the path by parameter. */
  readonly params: Readonly<Record<string, string>>
  /** First value of each query argument; a bare name has the value `true`. */
  readonly query: ReadonlyMap<string, string | true>
  readonly input: Input
}

export type Handler = (request: AdminRequest) => AdminAnswer | Promise<AdminAnswer>

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** One address of the Admin API. HEAD and OPTIONS follow from the methods it has. */
export interface Resource {
  /** Segments; parameters in braces, e.g. `/services/{services}`. */
  readonly path: string
  readonly methods: Readonly<Partial<Record<Method, Handler>>>
  /** Answers to everything, whatever the method: an address that is listed but not there. */
  readonly always?: AdminAnswer
  /** The kind of rows it is about, for the description of the API; absent where it is about others. */
  readonly rows?: { readonly kind: string; readonly are: 'listed' | 'single' }
  /** Takes YAML besides the encodings that all take. */
  readonly readsYaml?: true
  /** Not shown by `/endpoints`. */
  readonly isUnlisted?: boolean
}
