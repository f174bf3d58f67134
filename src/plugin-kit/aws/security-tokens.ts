import { readFile } from 'node:fs/promises'
import type { HttpCaller } from '../http-caller.ts'
import {
  lentCredentials,
  type AwsCredentials,
  type Credentials,
  type CredentialSource,
} from './credentials.ts'
import type { Environment } from './local-credentials.ts'
import { signRequest } from './sign-request.ts'

/** The Security Token Service, which lends the credentials of roles. */
export interface SecurityTokens {
  readonly caller: HttpCaller
  /** Absent: that of AWS in the region. */
  readonly endpoint: string | undefined
  readonly region: string
  readonly now: () => number
}

export interface Role {
  readonly arn: string
  readonly sessionName: string
}

/** @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html */
export function assumedRole(
  service: SecurityTokens,
  role: Role,
  own: Credentials,
): CredentialSource {
  return async () => {
    const { region, now } = service
    const credentials = await own()
    return ask(service, { Action: 'AssumeRole', ...roleParameters(role) }, (url, headers, body) =>
      signRequest(
        { method: 'POST', url, headers, body },
        { credentials, region, service: 'sts', nowMs: now() },
      ),
    )
  }
}

/**
 * The role of a Kubernetes service account: a token in a file proves who asks.
 *
 * @see https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRoleWithWebIdentity.html
 */
export function webIdentityCredentials(
  service: SecurityTokens,
  environment: Environment,
): CredentialSource {
  return async () => {
    const file = environment['AWS_WEB_IDENTITY_TOKEN_FILE']
    const arn = environment['AWS_ROLE_ARN']
    if (!file || !arn) return undefined
    const sessionName = environment['AWS_ROLE_SESSION_NAME'] ?? 'kong'
    return ask(
      service,
      {
        Action: 'AssumeRoleWithWebIdentity',
        ...roleParameters({ arn, sessionName }),
        WebIdentityToken: (await readFile(file, 'utf8')).trim(),
      },
      (_url, headers) => headers,
    )
  }
}

function roleParameters({ arn, sessionName }: Role): Readonly<Record<string, string>> {
  return { Version: '2011-06-15', RoleArn: arn, RoleSessionName: sessionName }
}

type Sign = (
  url: URL,
  headers: Readonly<Record<string, string>>,
  body: string,
) => Readonly<Record<string, string>>

async function ask(
  { caller, endpoint, region }: SecurityTokens,
  parameters: Readonly<Record<string, string>>,
  sign: Sign,
): Promise<AwsCredentials> {
  const url = new URL(endpoint ?? `https://sts.${region}.amazonaws.com/`)
  const body = new URLSearchParams(parameters).toString()
  const headers = { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' }
  const reply = await caller.call({ url, method: 'POST', headers: sign(url, headers, body), body })
  const text = reply.body.toString()
  if (reply.status !== 200)
    throw new Error(
      `${url.origin} answered ${reply.status} to ${parameters['Action']}: ${element(text, 'Message') ?? ''}`,
    )
  const names = ['AccessKeyId', 'SecretAccessKey', 'SessionToken', 'Expiration']
  return lentCredentials(
    Object.fromEntries(names.map((name) => [name, element(text, name)])),
    url.origin,
  )
}

/** Text of an element; those that are read here have neither attributes nor children. */
function element(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]
}
