import { accepted, acceptedString, type PropertyTable } from '../property.ts'

/** Kong's split into control plane and data planes. Only the role `traditional` is served. */
export const HYBRID = {
  role: {
    type: 'string',
    default: 'traditional',
    oneOf: ['data_plane', 'control_plane', 'traditional'],
    description: 'Only `traditional`: each node is a whole gateway.',
  },
  cluster_mtls: accepted('shared'),
  cluster_cert: acceptedString,
  cluster_cert_key: { ...acceptedString, isSecret: true },
  cluster_ca_cert: acceptedString,
  cluster_server_name: acceptedString,
  cluster_control_plane: accepted('127.0.0.1:8005'),
  cluster_telemetry_endpoint: acceptedString,
  cluster_telemetry_server_name: acceptedString,
  cluster_data_plane_purge_delay: accepted(1209600),
  cluster_ocsp: accepted('off'),
  cluster_max_payload: accepted(16777216),
  cluster_use_proxy: accepted(false),
  cluster_dp_labels: accepted([]),
  cluster_rpc: accepted(false),
  cluster_rpc_sync: accepted(false),
  cluster_cjson: accepted(false),
} as const satisfies PropertyTable
