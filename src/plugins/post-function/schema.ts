import { serverlessSchema } from '../../plugin-kit/serverless-schema.ts'

export const schema = serverlessSchema('post-function')
