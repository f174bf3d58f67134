import { string } from '../../schema/field.ts'

export const schema = {
  proto: string({
    description:
      'Path of the .proto file that describes the service and, by `google.api.http` options, how it is called over HTTP.',
  }),
}
