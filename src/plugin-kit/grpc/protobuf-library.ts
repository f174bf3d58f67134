import { createRequire } from 'node:module'
import path from 'node:path'
import type protobuf from 'protobufjs'

const require = createRequire(import.meta.url)

/** The library, loaded at first use: most gateways have no .proto file, and it costs each worker 9 MB. */
export function protobufLibrary(): typeof protobuf {
  return require('protobufjs') as typeof protobuf
}

/** The folder of Google's .proto files that come with the library. */
export function protobufIncludes(): string {
  return path.dirname(require.resolve('protobufjs/package.json'))
}
