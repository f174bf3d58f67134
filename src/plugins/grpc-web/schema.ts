import { boolean, string } from '../../schema/field.ts'

export const schema = {
  proto: string({
    description:
      'Path of the .proto file that describes the service. Needed for requests in JSON; those in the binary form go without.',
  }),
  pass_stripped_path: boolean({
    description: 'Whether the part of the path that the route matched is taken off.',
  }),
  allow_origin_header: string({
    description: 'Value of `Access-Control-Allow-Origin` on every answer.',
    default: '*',
  }),
}
