import { serverlessSchema } from '../../plugin-kit/serverless-schema.ts'

export const schema = serverlessSchema('pre-function')
