import { credentialChain, type CredentialChain } from '../../plugin-kit/aws/credential-chain.ts'
import type { Environment } from '../../plugin-kit/aws/local-credentials.ts'
import { signRequest } from '../../plugin-kit/aws/sign-request.ts'
import { httpCaller, type CallReply, type ForwardProxy } from '../../plugin-kit/http-caller.ts'
import type { Config } from './schema.ts'

/** Calls the configured function. */
export interface Invoker {
  /**
   * @param event in JSON
   * @throws when there is no region, no credentials or no answer, or AWS refuses the call
   */
  invoke(event: string): Promise<CallReply>
  dispose(): void
}

export function functionInvoker(
  config: Config,
  { environment, now }: { readonly environment: Environment; readonly now: () => number },
): Invoker {
  const region = config.aws_region ?? environment['AWS_REGION'] ?? environment['AWS_DEFAULT_REGION']
  if (region === undefined) return { invoke: noRegion, dispose: () => undefined }
  const proxy = proxyOf(config)
  const url = functionUrl(config, region)
  const chain = chainOf(config, { environment, now, region, proxy })
  const caller = httpCaller({
    timeoutMs: config.timeout,
    keepAliveMs: config.keepalive,
    // A host of one's own has a certificate of one's own.
    verifiesTls: config.host === undefined,
    httpProxy: proxy,
    httpsProxy: proxy,
  })
  const fixed = {
    'Content-Type': 'application/json',
    'X-Amz-Invocation-Type': config.invocation_type,
    'X-Amz-Log-Type': config.log_type,
  }

  return {
    async invoke(event) {
      if (url === undefined) throw new Error('no function_name specified')
      const credentials = await chain.get()
      const request = { method: 'POST', url, headers: fixed, body: event }
      const headers = signRequest(request, {
        credentials,
        region,
        service: 'lambda',
        nowMs: now(),
      })
      const reply = await caller.call({ ...request, headers })
      if (reply.status < 400) return reply
      throw new Error(`AWS Lambda answered ${reply.status}: ${messageOf(reply)}`)
    },
    dispose() {
      caller.dispose()
      chain.dispose()
    },
  }
}

function noRegion(): Promise<never> {
  return Promise.reject(new Error('no region specified'))
}

/** @see https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html */
function functionUrl(config: Config, region: string): URL | undefined {
  const { function_name: name, qualifier, disable_https: isPlain, port } = config
  if (name === undefined) return undefined
  const host = config.host ?? `lambda.${region}.amazonaws.com`
  const origin = `${isPlain ? 'http' : 'https'}://${host}:${port}`
  const url = new URL(`/2015-03-31/functions/${encodeURIComponent(name)}/invocations`, origin)
  if (qualifier !== undefined) url.searchParams.set('Qualifier', qualifier)
  return url
}

function chainOf(
  config: Config,
  node: {
    readonly environment: Environment
    readonly now: () => number
    readonly region: string
    readonly proxy: ForwardProxy | undefined
  },
): CredentialChain {
  const { aws_key: id, aws_secret: secret, aws_assume_role_arn: arn } = config
  return credentialChain({
    ...node,
    key: id === undefined || secret === undefined ? undefined : { id, secret },
    role: arn === undefined ? undefined : { arn, sessionName: config.aws_role_session_name },
    securityTokensUrl: config.aws_sts_endpoint_url,
    metadataVersion: config.aws_imds_protocol_version,
  })
}

function proxyOf({ proxy_url: text }: Config): ForwardProxy | undefined {
  if (text === undefined) return undefined
  const { hostname, port } = new URL(text)
  return { host: hostname.replaceAll(/^\[|\]$/g, ''), port: port === '' ? 80 : Number(port) }
}

function messageOf({ body }: CallReply): string {
  const text = body.toString()
  return /"[Mm]essage"\s*:\s*"([^"]*)"/.exec(text)?.[1] ?? 'without a message'
}
