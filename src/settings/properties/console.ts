import { accepted, type PropertyTable } from '../property.ts'

/** The web page over the Admin API. */
export const CONSOLE = {
  admin_gui_url: {
    type: 'array',
    default: [],
    description:
      'Addresses under which browsers find the Console; the Admin API then answers only these origins.',
  },
  admin_gui_path: {
    type: 'string',
    default: '/',
    description: 'Path below which the Console is served.',
  },
  admin_gui_api_url: {
    type: 'string',
    description: 'Address under which browsers find the Admin API, when it is not the usual one.',
  },
  admin_gui_csp_header: accepted(false),
  admin_gui_access_log: {
    type: 'string',
    default: 'logs/admin_gui_access.log',
    description: 'Log of requests to the Console: a path, `/dev/stdout`, or `off`.',
  },
  admin_gui_error_log: {
    type: 'string',
    default: 'logs/admin_gui_error.log',
    description: 'Log of faults of the Console: a path, `/dev/stderr`, or `off`.',
  },
  vault_env_prefix: {
    type: 'string',
    description: 'Put in front of every name looked up in the vault `env`.',
  },
  vault_file_folder: {
    type: 'string',
    default: '/run/secrets',
    isOwn: true,
    description:
      'Folder of the secrets of the vault `file`: `{vault://file/db-password}` is the content of its file `db-password`. For references in `kong.conf` itself only the environment variable counts.',
  },
} as const satisfies PropertyTable
