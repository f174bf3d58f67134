/** Whether a value is a `{vault://…}` reference; its place decides whether it may be one. */
export function isVaultReference(value: unknown): value is string {
  return typeof value === 'string' && value.startsWith('{vault://') && value.endsWith('}')
}
