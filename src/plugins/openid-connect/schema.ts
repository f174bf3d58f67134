import type { EntityCheck, RecordOf } from '../../schema/field.ts'
import { clusterFields } from './cluster-fields.ts'
import { PAIRS } from './pair-fields.ts'
import { clientFields, providerFields } from './provider-fields.ts'
import { forwardFields, requestFields } from './request-fields.ts'
import { sessionFields } from './session-fields.ts'
import { unsupportedFields } from './unsupported-fields.ts'

export const schema = {
  ...providerFields,
  ...clientFields,
  ...requestFields,
  ...forwardFields,
  ...sessionFields,
  ...clusterFields,
  ...unsupportedFields,
}

export type Config = RecordOf<typeof schema>

type PartialConfig = { readonly [Name in keyof Config]?: Config[Name] | null }

/** A rule over the whole config; each says what is wrong, or nothing. */
const check = (
  sources: readonly (keyof Config)[],
  fault: (config: PartialConfig) => string | undefined,
): EntityCheck => ({
  custom_entity_check: {
    field_sources: sources,
    run_with_missing_fields: true,
    fn: (config) => fault(config),
  },
})

export const configChecks: readonly EntityCheck[] = [
  check(
    ['auth_methods', 'client_id', 'client_secret', 'session_secret'],
    ({ auth_methods: methods, client_id: ids, client_secret: secrets, session_secret: secret }) =>
      methods?.includes('authorization_code') &&
      (ids?.length ?? 0) > 0 &&
      (secrets?.length ?? 0) === 0 &&
      (secret ?? undefined) === undefined
        ? "'session_secret' is required for the method authorization_code of a client without 'client_secret'"
        : undefined,
  ),
  check(['auth_methods', 'client_id'], ({ auth_methods: methods, client_id: ids }) =>
    methods?.length === 1 && methods[0] === 'authorization_code' && (ids?.length ?? 0) === 0
      ? "'client_id' is required for the method authorization_code"
      : undefined,
  ),
  check(['cache_ttl_min', 'cache_ttl_max'], ({ cache_ttl_min: least, cache_ttl_max: most }) =>
    (least ?? 0) > (most ?? Infinity)
      ? "'cache_ttl_min' must not be greater than 'cache_ttl_max'"
      : undefined,
  ),
  ...(['upstream', 'downstream'] as const).map((side) =>
    check([`${side}_headers_claims`, `${side}_headers_names`], (config) =>
      config[`${side}_headers_claims`]?.length === config[`${side}_headers_names`]?.length
        ? undefined
        : `'${side}_headers_claims' and '${side}_headers_names' must have as many entries`,
    ),
  ),
  ...PAIRS.map((name) =>
    check([`${name}_names`, `${name}_values`], (config) =>
      config[`${name}_names`]?.length === config[`${name}_values`]?.length
        ? undefined
        : `'${name}_names' and '${name}_values' must have as many entries`,
    ),
  ),
]
