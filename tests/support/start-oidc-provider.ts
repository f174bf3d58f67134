import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const PROGRAM = fileURLToPath(new URL('oidc-provider-process.ts', import.meta.url))

export interface TestProvider extends AsyncDisposable {
  /** `http://127.0.0.1:<port>`, which is where it listens, too. */
  readonly issuer: string
}

/** Starts an OpenID provider in a process of its own, on a port the system chose. */
export async function startOidcProvider(
  settings: {
    readonly accessTokenSeconds?: number
    /** Public keys of the client `signer`, which signs all that it sends. */
    readonly signerKeys?: readonly object[]
  } = {},
): Promise<TestProvider> {
  const child = fork(PROGRAM, {
    env: { ...process.env, settings: JSON.stringify(settings) },
    // It warns of what must not be done in production, and all of it is done here.
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  })
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()))
  const { issuer } = await new Promise<{ readonly issuer: string }>((resolve, reject) => {
    child.once('message', (message) => resolve(message as { issuer: string }))
    child.once('exit', (code) => reject(new Error(`The provider ended (${code})`)))
  })
  return {
    issuer,
    async [Symbol.asyncDispose]() {
      child.kill()
      await ended
    },
  }
}
