import { readFile } from 'node:fs/promises'
import { homedir } from 'node:os'
import { join } from 'node:path'
import type { AwsCredentials, CredentialSource } from './credentials.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** @param prefix of the variables: `AWS`, or `AMAZON` as older tools have it */
export function environmentCredentials(
  environment: Environment,
  prefix: 'AWS' | 'AMAZON',
): CredentialSource {
  return async () => {
    const accessKeyId = environment[`${prefix}_ACCESS_KEY_ID`]
    const secretAccessKey = environment[`${prefix}_SECRET_ACCESS_KEY`]
    if (!accessKeyId || !secretAccessKey) return undefined
    const sessionToken = environment[`${prefix}_SESSION_TOKEN`] || undefined
    return { accessKeyId, secretAccessKey, sessionToken }
  }
}

/**
 * The file that AWS's tools share, `~/.aws/credentials`.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/file-format.html
 */
export function sharedFileCredentials(environment: Environment): CredentialSource {
  const file = environment['AWS_SHARED_CREDENTIALS_FILE'] ?? join(homedir(), '.aws', 'credentials')
  const profile = environment['AWS_PROFILE'] ?? 'default'
  return async () => {
    let text: string
    try {
      text = await readFile(file, 'utf8')
    } catch {
      // Most machines have no such file.
      return undefined
    }
    return credentialsOf(readProfile(text, profile))
  }
}

function credentialsOf(entries: ReadonlyMap<string, string>): AwsCredentials | undefined {
  const accessKeyId = entries.get('aws_access_key_id')
  const secretAccessKey = entries.get('aws_secret_access_key')
  if (accessKeyId === undefined || secretAccessKey === undefined) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: entries.get('aws_session_token') }
}

/** The entries of one section of an INI file. */
function readProfile(text: string, profile: string): ReadonlyMap<string, string> {
  const entries = new Map<string, string>()
  let section: string | undefined
  for (const line of text.split('\n').map((each) => each.trim())) {
    const heading = /^\[\s*(.+?)\s*\]$/.exec(line)?.[1]
    const [, key, value] = /^([^#;=\s]+)\s*=\s*(.*)$/.exec(line) ?? []
    if (heading !== undefined) section = heading
    else if (section === profile && key !== undefined) entries.set(key, value!)
  }
  return entries
}
