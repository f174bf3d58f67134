/** The rooms of `src/`, bottom to top, and the rooms each may import. See ARCHITECTURE.md. */
export const ROOMS: Readonly<Record<string, readonly string[]>> = {
  base: [],
  http: ['base'],
  schema: ['base'],
  telemetry: ['base'],
  entities: ['base', 'schema'],
  router: ['base', 'http', 'entities'],
  balancer: ['base', 'entities'],
  'plugin-kit': ['base', 'http', 'schema', 'telemetry', 'entities'],
  plugins: ['base', 'http', 'schema', 'entities', 'plugin-kit'],
  snapshot: ['base', 'entities', 'router', 'balancer', 'plugin-kit'],
  proxy: ['base', 'http', 'telemetry', 'entities', 'router', 'balancer', 'plugin-kit', 'snapshot'],
  declarative: ['base', 'schema', 'entities'],
  store: ['base', 'telemetry', 'entities'],
  settings: ['base', 'schema'],
  secrets: ['base'],
  admin: ['base', 'http', 'schema', 'telemetry', 'entities', 'plugin-kit', 'declarative', 'store'],
  gateway: [
    'base', 'http', 'schema', 'telemetry', 'entities', 'router', 'balancer', 'plugin-kit', 'plugins',
    'snapshot', 'proxy', 'declarative', 'store', 'settings', 'secrets', 'admin',
  ],
  cli: ['base', 'settings', 'declarative', 'store', 'gateway'],
}
