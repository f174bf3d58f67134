import type { IssuerAnswer } from './answer.ts'

/** A request to the issuer. */
export interface IssuerRequest {
  /** `GET /token`. */
  readonly what: string
  readonly query: URLSearchParams
  /** Fields of a form. */
  readonly form: URLSearchParams
  readonly authorization: string | undefined
}

export type Endpoint = (request: IssuerRequest) => IssuerAnswer
