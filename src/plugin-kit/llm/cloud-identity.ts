import { credentialChain } from '../aws/credential-chain.ts'
import { signRequest } from '../aws/sign-request.ts'
import { httpCaller } from '../http-caller.ts'
import type { NodeServices } from '../plugin.ts'
import { googleToken } from './google-token.ts'
import type { LlmConfig } from './llm-fields.ts'

/** What the gateway is in the cloud a model is in. */
export interface CloudIdentity {
  /** Region of Amazon's cloud. */
  readonly region: string | undefined
  /**
   * @returns headers that prove it, for a request with this URL and body
   * @throws when nothing proves it
   */
  prove(request: { readonly url: URL; readonly body: string }): Promise<Record<string, string>>
  dispose(): void
}

const TOKEN_TIMEOUT_MS = 10_000

/** @returns nothing for models whose clients are known by a header or a parameter alone */
export function cloudIdentity(
  { model, auth }: Pick<LlmConfig, 'model' | 'auth'>,
  node: NodeServices,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): CloudIdentity | undefined {
  if (model.provider === 'bedrock') return amazon({ model, auth }, node, environment)
  return model.provider === 'gemini' && auth.gcp_use_service_account
    ? google(auth, node, environment)
    : undefined
}

function google(
  auth: LlmConfig['auth'],
  node: NodeServices,
  environment: Readonly<Record<string, string | undefined>>,
): CloudIdentity {
  const caller = httpCaller({ timeoutMs: TOKEN_TIMEOUT_MS, verifiesTls: true })
  const token = googleToken({
    caller,
    account: auth.gcp_service_account_json ?? environment['GCP_SERVICE_ACCOUNT'],
    metadataHost: environment['GCE_METADATA_HOST'],
    now: () => node.now(),
  })
  return {
    region: undefined,
    prove: async () => ({ Authorization: `Bearer ${await token()}` }),
    dispose: () => caller.dispose(),
  }
}

function amazon(
  { model, auth }: Pick<LlmConfig, 'model' | 'auth'>,
  node: NodeServices,
  environment: Readonly<Record<string, string | undefined>>,
): CloudIdentity {
  const region =
    model.options.bedrock.aws_region ??
    environment['AWS_REGION'] ??
    environment['AWS_DEFAULT_REGION']
  if (region === undefined)
    return {
      region,
      prove: () => Promise.reject(new Error('AWS region not specified anywhere')),
      dispose: () => undefined,
    }
  const id = auth.aws_access_key_id ?? environment['AWS_ACCESS_KEY_ID']
  const secret = auth.aws_secret_access_key ?? environment['AWS_SECRET_ACCESS_KEY']
  const isConfigured = auth.aws_access_key_id !== undefined
  const chain = credentialChain({
    environment,
    region,
    key: isConfigured && id && secret ? { id, secret } : undefined,
    metadataVersion: 'v2',
    now: () => node.now(),
  })
  return {
    region,
    async prove({ url, body }) {
      const credentials = await chain.get()
      const signer = { credentials, region, service: 'bedrock', nowMs: node.now() }
      return signRequest({ method: 'POST', url, headers: {}, body }, signer)
    },
    dispose: () => chain.dispose(),
  }
}
