/** By number of gRPC, from 0 on. See google/rpc/code.proto. */
const STATUSES = [
  200, 499, 500, 400, 504, 404, 409, 403, 429, 400, 409, 400, 500, 500, 503, 500, 401,
] as const

/** What a status of gRPC is to a client of HTTP. */
export function httpStatus(grpcStatus: string): number {
  return /^\d+$/.test(grpcStatus) ? (STATUSES[Number(grpcStatus)] ?? 500) : 500
}
