import { boolean, string } from '../../schema/field.ts'

export const schema = {
  anonymous: string({
    description:
      'An optional string (Consumer UUID or username) value to use as an “anonymous” consumer if authentication fails. If empty (default null), the request will fail with an authentication failure `4xx`. Please note that this value must refer to the Consumer `id` or `username` attribute, and **not** its `custom_id`.',
  }),
  hide_credentials: boolean({
    description:
      'An optional boolean value telling the plugin to show or hide the credential from the upstream service. If `true`, the plugin will strip the credential from the request (i.e. the `Authorization` header) before proxying it.',
    required: true,
    default: false,
  }),
  realm: string({
    description:
      'When authentication fails the plugin sends `WWW-Authenticate` header with `realm` attribute value.',
    required: true,
    default: 'service',
  }),
}
