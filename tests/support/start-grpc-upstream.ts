import {
  Server,
  ServerCredentials,
  type MethodDefinition,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'

export interface GrpcUpstream extends AsyncDisposable {
  readonly port: number
  readonly server: Server
}

type Shape = readonly [requestStream: boolean, responseStream: boolean]

const SHAPES: Readonly<Record<string, Shape>> = {
  unary: [false, false],
  upload: [true, false],
  download: [false, true],
  chat: [true, true],
}

/** A method whose messages are bytes, so that tests see exactly what went over the wire. */
function method(
  path: string,
  [requestStream, responseStream]: Shape,
): MethodDefinition<Buffer, Buffer> {
  const same = (bytes: Buffer): Buffer => bytes
  return {
    path,
    requestStream,
    responseStream,
    requestSerialize: same,
    requestDeserialize: same,
    responseSerialize: same,
    responseDeserialize: same,
  }
}

/** `/test.Echo/Unary`, `/Upload`, `/Download`, `/Chat`: one of each shape. */
export const ECHO_SERVICE = Object.fromEntries(
  Object.entries(SHAPES).map(([name, shape]) => [
    name,
    method(`/test.Echo/${name[0]!.toUpperCase()}${name.slice(1)}`, shape),
  ]),
) as Readonly<Record<'unary' | 'upload' | 'download' | 'chat', MethodDefinition<Buffer, Buffer>>>

/** Starts a gRPC server by grpc-js on a port the system chose. @param tls a pair in PEM: it speaks TLS */
export async function startGrpcUpstream(
  service: ServiceDefinition,
  implementation: UntypedServiceImplementation,
  tls?: { readonly key: string; readonly certificate: string },
): Promise<GrpcUpstream> {
  const server = new Server()
  server.addService(service, implementation)
  const credentials =
    tls === undefined
      ? ServerCredentials.createInsecure()
      : ServerCredentials.createSsl(null, [
          { private_key: Buffer.from(tls.key), cert_chain: Buffer.from(tls.certificate) },
        ])
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', credentials, (error, bound) => {
      if (error === null) resolve(bound)
      else reject(error)
    })
  })
  return {
    port,
    server,
    // oxlint-disable-next-line require-await -- a server is shut down at once
    async [Symbol.asyncDispose]() {
      server.forceShutdown()
    },
  }
}
