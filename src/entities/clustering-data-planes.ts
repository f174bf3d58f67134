import { integer, map, record, set, string } from '../schema/field.ts'
import type { EntityKind } from './entity.ts'
import { ID, UPDATED_AT } from './fields.ts'

/** Data planes as a control plane saw them last. */
export const clusteringDataPlanes: EntityKind = {
  name: 'clustering_data_planes',
  hasTtl: true,
  isInternal: true,
  fields: {
    id: { ...ID, auto: false, required: true },
    last_seen: integer({ timestamp: true, auto: true }),
    updated_at: UPDATED_AT,
    ip: string({ description: 'The IP address of the data plane.', required: true }),
    config_hash: string({ len_eq: 32 }),
    hostname: string({ required: true }),
    version: string(),
    sync_status: string({
      description: 'The sync status of the data plane.',
      required: true,
      default: 'unknown',
      one_of: [
        'unknown',
        'normal',
        'kong_version_incompatible',
        'plugin_set_incompatible',
        'plugin_version_incompatible',
        'filter_set_incompatible',
      ],
    }),
    labels: map(string(), string(), {
      description: 'Custom key value pairs as meta-data for DPs.',
    }),
    cert_details: record(
      { expiry_timestamp: integer({ timestamp: true, required: false }) },
      { description: 'Certificate details of the DPs.', required: false },
    ),
    rpc_capabilities: set(string()),
  },
}
