import { readFile } from 'node:fs/promises'
import { isJsonObject, type JsonObject } from '../../base/json.ts'
import type { HttpCaller } from '../http-caller.ts'
import { lentCredentials, type AwsCredentials, type CredentialSource } from './credentials.ts'
import type { Environment } from './local-credentials.ts'

/**
 * Credentials of a container's role: ECS, and EKS with Pod Identity.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html
 */
export function containerCredentials(
  environment: Environment,
  caller: HttpCaller,
): CredentialSource {
  return async () => {
    const url = containerUrl(environment)
    if (url === undefined) return undefined
    const tokenFile = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE']
    const token =
      tokenFile === undefined
        ? environment['AWS_CONTAINER_AUTHORIZATION_TOKEN']
        : (await readFile(tokenFile, 'utf8')).trim()
    return askForCredentials(caller, url, token === undefined ? {} : { Authorization: token })
  }
}

function containerUrl(environment: Environment): URL | undefined {
  const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI']
  if (relative) return new URL(relative, 'http://169.254.170.2')
  const full = environment['AWS_CONTAINER_CREDENTIALS_FULL_URI']
  return full ? new URL(full) : undefined
}

const ROLES_PATH = '/latest/meta-data/iam/security-credentials/'

/**
 * Credentials of the role of an EC2 instance.
 *
 * @param version `v2` asks with a token, which a request forged by way of another server lacks
 * @see https://docs.aws.amazon.com/AWSEC2/latest/UserGuide/instancedata-data-retrieval.html
 */
export function instanceCredentials(
  environment: Environment,
  { caller, version }: { readonly caller: HttpCaller; readonly version: 'v1' | 'v2' },
): CredentialSource {
  const base = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || 'http://169.254.169.254'
  return async () => {
    if (environment['AWS_EC2_METADATA_DISABLED'] === 'true') return undefined
    const headers = version === 'v2' ? await sessionHeaders(caller, base) : {}
    const roles = await ask(caller, { url: new URL(ROLES_PATH, base), headers })
    const [role] = roles.split('\n')
    return askForCredentials(caller, new URL(`${ROLES_PATH}${role}`, base), headers)
  }
}

async function sessionHeaders(
  caller: HttpCaller,
  base: string,
): Promise<Readonly<Record<string, string>>> {
  const token = await ask(caller, {
    url: new URL('/latest/api/token', base),
    method: 'PUT',
    headers: { 'X-aws-ec2-metadata-token-ttl-seconds': '21600' },
  })
  return { 'X-aws-ec2-metadata-token': token }
}

async function askForCredentials(
  caller: HttpCaller,
  url: URL,
  headers: Readonly<Record<string, string>>,
): Promise<AwsCredentials> {
  const text = await ask(caller, { url, headers })
  return lentCredentials(readObject(text), url.origin)
}

/** What is no JSON object holds nothing. */
function readObject(text: string): JsonObject {
  try {
    const value: unknown = JSON.parse(text)
    return isJsonObject(value) ? value : {}
  } catch {
    return {}
  }
}

/** @throws when the answer is not 200 */
async function ask(
  caller: HttpCaller,
  {
    url,
    method = 'GET',
    headers,
  }: {
    readonly url: URL
    readonly method?: string
    readonly headers: Readonly<Record<string, string>>
  },
): Promise<string> {
  const { status, body } = await caller.call({ url, method, headers })
  if (status !== 200) throw new Error(`${url.origin}${url.pathname} answered ${status}`)
  return body.toString()
}
