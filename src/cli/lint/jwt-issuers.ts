import type { PluginEntity } from '../../entities/entity.ts'
import { placeOf, type Rule } from './rule.ts'

interface Issuer {
  readonly issuer: string
  readonly audiences?: readonly string[] | null
  readonly allow_http?: boolean
}

/** jwt plugins that take tokens which an issuer made for somebody else. */
export const jwtWithoutAudience: Rule = {
  code: 'jwt-without-audience',
  find: (config) =>
    issuersIn(config.plugins)
      .filter(
        ({ plugin, issuer }) =>
          !hasEntries(issuer.audiences) && !hasEntries(plugin.config['audiences']),
      )
      .map(({ plugin, issuer }) => ({
        kind: 'plugins',
        id: plugin.id,
        message: `jwt on ${placeOf(plugin, config)} takes every token of ${issuer.issuer}, also those made for other services`,
        fix: 'set audiences of the issuer to what its tokens for this service have as aud',
      })),
}

/** jwt plugins that fetch keys where others can change them on the way. */
export const jwtKeysWithoutTls: Rule = {
  code: 'jwt-keys-without-tls',
  find: (config) =>
    issuersIn(config.plugins)
      .filter(({ issuer }) => issuer.allow_http === true)
      .map(({ plugin, issuer }) => ({
        kind: 'plugins',
        id: plugin.id,
        message: `jwt on ${placeOf(plugin, config)} fetches the keys of ${issuer.issuer} without TLS: whoever is on the way can make tokens`,
        fix: 'use https, and leave out allow_http',
      })),
}

function issuersIn(
  plugins: readonly PluginEntity[],
): readonly { readonly plugin: PluginEntity; readonly issuer: Issuer }[] {
  return plugins
    .filter(({ name }) => name === 'jwt')
    .flatMap((plugin) => {
      const { issuers } = plugin.config
      return Array.isArray(issuers)
        ? (issuers as readonly Issuer[]).map((issuer) => ({ plugin, issuer }))
        : []
    })
}

function hasEntries(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0
}
