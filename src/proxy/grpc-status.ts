interface GrpcStatus {
  readonly code: number
  readonly name: string
}

const BY_HTTP_STATUS: Readonly<Record<number, GrpcStatus>> = {
  200: { code: 0, name: 'OK' },
  400: { code: 3, name: 'InvalidArgument' },
  401: { code: 16, name: 'Unauthenticated' },
  403: { code: 7, name: 'PermissionDenied' },
  404: { code: 5, name: 'NotFound' },
  409: { code: 6, name: 'AlreadyExists' },
  429: { code: 8, name: 'ResourceExhausted' },
  499: { code: 1, name: 'Canceled' },
  500: { code: 13, name: 'Internal' },
  501: { code: 12, name: 'Unimplemented' },
  503: { code: 14, name: 'Unavailable' },
  504: { code: 4, name: 'DeadlineExceeded' },
}

/** What an HTTP status means to a gRPC client. @see gRPC, HTTP to gRPC status code mapping */
export function grpcStatus(status: number): GrpcStatus {
  const known = BY_HTTP_STATUS[status]
  if (known !== undefined) return known
  if (status >= 500) return BY_HTTP_STATUS[500]!
  return status >= 400 ? BY_HTTP_STATUS[400]! : BY_HTTP_STATUS[200]!
}

/**
 * A message as `grpc-message` has it: UTF-8, with everything but printable ASCII percent-encoded.
 * @see gRPC over HTTP/2, "Status-Message"
 */
export function grpcMessage(text: string): string {
  let encoded = ''
  for (const byte of Buffer.from(text))
    encoded +=
      byte < 0x20 || byte > 0x7e || byte === PERCENT
        ? `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
        : String.fromCharCode(byte)
  return encoded
}

const PERCENT = 0x25
