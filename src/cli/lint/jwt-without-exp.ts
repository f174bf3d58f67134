import { placeOf, type Rule } from './rule.ts'

/** jwt plugins that take a token however old it is. Tokens of issuers must end, those of credentials need not. */
export const jwtWithoutExp: Rule = {
  code: 'jwt-without-exp',
  find: (config) =>
    config.plugins
      .filter(({ name, config: { claims_to_verify: claims, issuers } }) => {
        const isChecked = Array.isArray(claims) && claims.includes('exp')
        const isOfIssuers = Array.isArray(issuers) && !config.entities['jwt_secrets']?.length
        return name === 'jwt' && !isChecked && !isOfIssuers
      })
      .map((plugin) => ({
        kind: 'plugins',
        id: plugin.id,
        message: `jwt on ${placeOf(plugin, config)} does not check exp: its tokens never expire`,
        fix: 'set config.claims_to_verify to [exp]',
      })),
}
