/** Why workers refused a configuration; the one they serve goes on. */
export class ConfigurationRefused extends Error {
  override readonly name = 'ConfigurationRefused'
}
