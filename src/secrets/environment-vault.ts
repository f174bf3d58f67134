import type { SecretSource } from './resolve.ts'

/**
 * The vault `env`: secrets in environment variables. A name is looked up as written, then in upper
 * case with `-` as `_`, so that `{vault://env/my-secret}` finds `MY_SECRET`.
 *
 * @param prefix put in front of every name
 */
export function environmentVault(
  environment: Readonly<Record<string, string | undefined>>,
  prefix = '',
): SecretSource {
  return ({ resource, options }) => {
    const name = (options['prefix'] ?? prefix) + resource
    const value = environment[variableName(name)] ?? environment[name]
    return value ?? { fault: 'could not get value from external vault (no value found)' }
  }
}

function variableName(name: string): string {
  return name.toUpperCase().replaceAll('-', '_')
}
