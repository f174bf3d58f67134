import type { NodeServices } from '../plugin.ts'
import { readProtoFile, type GrpcMethod } from './proto-file.ts'

/** The methods of a .proto file, read once an instance. @throws {Error} naming the file, whenever it is asked */
export type Methods = () => readonly GrpcMethod[]

/**
 * Reads a .proto file for a plugin. A file that cannot be read is told to the log at once; requests
 * that need it fail, others do not.
 */
export function protoMethods(file: string, node: NodeServices): Methods {
  try {
    const methods = readProtoFile(file)
    return () => methods
  } catch (error) {
    node.log.error((error as Error).message)
    return () => {
      throw error
    }
  }
}
