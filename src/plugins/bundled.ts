import type { Plugin } from '../plugin-kit/plugin.ts'

/** A plugin that comes with the gateway. Its code is loaded when somebody needs it: see `all-plugins.ts`. */
export interface PluginEntry {
  readonly name: string
  /** @throws when its files are not there, or cannot be run */
  load(): Promise<Plugin>
  /** The same plugin, where it can do more with a database: its schema knows it as a place for counters. */
  loadWithDatabase?(): Promise<Plugin>
}

export function loadedWithDatabase(entry: PluginEntry): Promise<Plugin> {
  return entry.loadWithDatabase?.() ?? entry.load()
}

/** The plugins that come with the gateway, in the order in which they run: by priority, then name, both descending. */
export const BUNDLED: readonly PluginEntry[] = [
  {
    name: 'pre-function',
    load: async () => (await import('./pre-function/plugin.ts')).preFunction,
  },
  {
    name: 'correlation-id',
    load: async () => (await import('./correlation-id/plugin.ts')).correlationId,
  },
  { name: 'zipkin', load: async () => (await import('./zipkin/plugin.ts')).zipkin },
  {
    name: 'bot-detection',
    load: async () => (await import('./bot-detection/plugin.ts')).botDetection,
  },
  { name: 'cors', load: async () => (await import('./cors/plugin.ts')).cors },
  { name: 'session', load: async () => (await import('./session/plugin.ts')).session },
  {
    name: 'acme',
    load: async () => (await import('./acme/plugin.ts')).acme,
    loadWithDatabase: async () => (await import('./acme/plugin.ts')).acmeWithDatabase,
  },
  { name: 'jwt', load: async () => (await import('./jwt/plugin.ts')).jwt },
  { name: 'oauth2', load: async () => (await import('./oauth2/plugin.ts')).oauth2 },
  { name: 'key-auth', load: async () => (await import('./key-auth/plugin.ts')).keyAuth },
  { name: 'ldap-auth', load: async () => (await import('./ldap-auth/plugin.ts')).ldapAuth },
  { name: 'basic-auth', load: async () => (await import('./basic-auth/plugin.ts')).basicAuth },
  { name: 'hmac-auth', load: async () => (await import('./hmac-auth/plugin.ts')).hmacAuth },
  {
    name: 'grpc-gateway',
    load: async () => (await import('./grpc-gateway/plugin.ts')).grpcGateway,
  },
  {
    name: 'ip-restriction',
    load: async () => (await import('./ip-restriction/plugin.ts')).ipRestriction,
  },
  {
    name: 'request-size-limiting',
    load: async () => (await import('./request-size-limiting/plugin.ts')).requestSizeLimiting,
  },
  { name: 'acl', load: async () => (await import('./acl/plugin.ts')).acl },
  {
    name: 'rate-limiting',
    load: async () => (await import('./rate-limiting/plugin.ts')).rateLimiting,
    loadWithDatabase: async () =>
      (await import('./rate-limiting/plugin.ts')).rateLimitingWithDatabase,
  },
  {
    name: 'response-ratelimiting',
    load: async () => (await import('./response-ratelimiting/plugin.ts')).responseRateLimiting,
    loadWithDatabase: async () =>
      (await import('./response-ratelimiting/plugin.ts')).responseRateLimitingWithDatabase,
  },
  {
    name: 'request-transformer',
    load: async () => (await import('./request-transformer/plugin.ts')).requestTransformer,
  },
  {
    name: 'response-transformer',
    load: async () => (await import('./response-transformer/plugin.ts')).responseTransformer,
  },
  { name: 'redirect', load: async () => (await import('./redirect/plugin.ts')).redirect },
  {
    name: 'ai-request-transformer',
    load: async () => (await import('./ai-request-transformer/plugin.ts')).aiRequestTransformer,
  },
  {
    name: 'ai-prompt-template',
    load: async () => (await import('./ai-prompt-template/plugin.ts')).aiPromptTemplate,
  },
  {
    name: 'ai-prompt-decorator',
    load: async () => (await import('./ai-prompt-decorator/plugin.ts')).aiPromptDecorator,
  },
  {
    name: 'ai-prompt-guard',
    load: async () => (await import('./ai-prompt-guard/plugin.ts')).aiPromptGuard,
  },
  { name: 'ai-proxy', load: async () => (await import('./ai-proxy/plugin.ts')).aiProxy },
  {
    name: 'ai-response-transformer',
    load: async () => (await import('./ai-response-transformer/plugin.ts')).aiResponseTransformer,
  },
  {
    name: 'standard-webhooks',
    load: async () => (await import('./standard-webhooks/plugin.ts')).standardWebhooks,
  },
  { name: 'aws-lambda', load: async () => (await import('./aws-lambda/plugin.ts')).awsLambda },
  {
    name: 'azure-functions',
    load: async () => (await import('./azure-functions/plugin.ts')).azureFunctions,
  },
  { name: 'proxy-cache', load: async () => (await import('./proxy-cache/plugin.ts')).proxyCache },
  {
    name: 'opentelemetry',
    load: async () => (await import('./opentelemetry/plugin.ts')).opentelemetry,
  },
  { name: 'prometheus', load: async () => (await import('./prometheus/plugin.ts')).prometheus },
  { name: 'http-log', load: async () => (await import('./http-log/plugin.ts')).httpLog },
  { name: 'statsd', load: async () => (await import('./statsd/plugin.ts')).statsd },
  { name: 'datadog', load: async () => (await import('./datadog/plugin.ts')).datadog },
  { name: 'file-log', load: async () => (await import('./file-log/plugin.ts')).fileLog },
  { name: 'udp-log', load: async () => (await import('./udp-log/plugin.ts')).udpLog },
  { name: 'tcp-log', load: async () => (await import('./tcp-log/plugin.ts')).tcpLog },
  { name: 'loggly', load: async () => (await import('./loggly/plugin.ts')).loggly },
  { name: 'syslog', load: async () => (await import('./syslog/plugin.ts')).syslog },
  { name: 'grpc-web', load: async () => (await import('./grpc-web/plugin.ts')).grpcWeb },
  {
    name: 'request-termination',
    load: async () => (await import('./request-termination/plugin.ts')).requestTermination,
  },
  {
    name: 'post-function',
    load: async () => (await import('./post-function/plugin.ts')).postFunction,
  },
]

/**
 * Plugins that come with the gateway and are not among those that Kong bundles, so that `bundled` does
 * not stand for them: they are loaded where the setting `plugins` names them.
 */
export const OPTIONAL: readonly PluginEntry[] = [
  {
    name: 'openid-connect',
    load: async () => (await import('./openid-connect/plugin.ts')).openidConnect,
  },
]
