// Serves the Admin API alone, over rows in memory: `npx node tests/support/serve-admin.ts [port] [off]`.
import { createAdminServer } from '../../src/admin/create-admin-server.ts'
import { adminContextForTest } from './admin-context.ts'

const [port = '8001', database] = process.argv.slice(2)
const server = createAdminServer(adminContextForTest({ isDbLess: database === 'off' }))
console.log(`listening on ${await server.listen({ host: '127.0.0.1', port: Number(port) })}`)
process.once('SIGTERM', () => void server.close())
