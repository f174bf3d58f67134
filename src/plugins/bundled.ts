import type { Plugin } from '../plugin-kit/plugin.ts'
import { acl } from './acl/plugin.ts'
import { acme, acmeWithDatabase } from './acme/plugin.ts'
import { aiPromptDecorator } from './ai-prompt-decorator/plugin.ts'
import { aiPromptGuard } from './ai-prompt-guard/plugin.ts'
import { aiPromptTemplate } from './ai-prompt-template/plugin.ts'
import { awsLambda } from './aws-lambda/plugin.ts'
import { aiProxy } from './ai-proxy/plugin.ts'
import { aiRequestTransformer } from './ai-request-transformer/plugin.ts'
import { aiResponseTransformer } from './ai-response-transformer/plugin.ts'
import { azureFunctions } from './azure-functions/plugin.ts'
import { basicAuth } from './basic-auth/plugin.ts'
import { botDetection } from './bot-detection/plugin.ts'
import { correlationId } from './correlation-id/plugin.ts'
import { cors } from './cors/plugin.ts'
import { datadog } from './datadog/plugin.ts'
import { fileLog } from './file-log/plugin.ts'
import { grpcGateway } from './grpc-gateway/plugin.ts'
import { grpcWeb } from './grpc-web/plugin.ts'
import { hmacAuth } from './hmac-auth/plugin.ts'
import { httpLog } from './http-log/plugin.ts'
import { ipRestriction } from './ip-restriction/plugin.ts'
import { jwt } from './jwt/plugin.ts'
import { keyAuth } from './key-auth/plugin.ts'
import { ldapAuth } from './ldap-auth/plugin.ts'
import { loggly } from './loggly/plugin.ts'
import { oauth2 } from './oauth2/plugin.ts'
import { openidConnect } from './openid-connect/plugin.ts'
import { opentelemetry } from './opentelemetry/plugin.ts'
import { postFunction } from './post-function/plugin.ts'
import { preFunction } from './pre-function/plugin.ts'
import { prometheus } from './prometheus/plugin.ts'
import { proxyCache } from './proxy-cache/plugin.ts'
import { rateLimiting, rateLimitingWithDatabase } from './rate-limiting/plugin.ts'
import { redirect } from './redirect/plugin.ts'
import { requestSizeLimiting } from './request-size-limiting/plugin.ts'
import { requestTermination } from './request-termination/plugin.ts'
import { requestTransformer } from './request-transformer/plugin.ts'
import {
  responseRateLimiting,
  responseRateLimitingWithDatabase,
} from './response-ratelimiting/plugin.ts'
import { responseTransformer } from './response-transformer/plugin.ts'
import { session } from './session/plugin.ts'
import { standardWebhooks } from './standard-webhooks/plugin.ts'
import { statsd } from './statsd/plugin.ts'
import { syslog } from './syslog/plugin.ts'
import { tcpLog } from './tcp-log/plugin.ts'
import { udpLog } from './udp-log/plugin.ts'
import { zipkin } from './zipkin/plugin.ts'

/** The plugins that come with the gateway, in the order in which they run: by priority, then name, both descending. */
export const BUNDLED_PLUGINS: readonly Plugin[] = [
  preFunction,
  correlationId,
  zipkin,
  botDetection,
  cors,
  session,
  acme,
  jwt,
  oauth2,
  keyAuth,
  ldapAuth,
  basicAuth,
  hmacAuth,
  grpcGateway,
  ipRestriction,
  requestSizeLimiting,
  acl,
  rateLimiting,
  responseRateLimiting,
  requestTransformer,
  responseTransformer,
  redirect,
  aiRequestTransformer,
  aiPromptTemplate,
  aiPromptDecorator,
  aiPromptGuard,
  aiProxy,
  aiResponseTransformer,
  standardWebhooks,
  awsLambda,
  azureFunctions,
  proxyCache,
  opentelemetry,
  prometheus,
  httpLog,
  statsd,
  datadog,
  fileLog,
  udpLog,
  tcpLog,
  loggly,
  syslog,
  grpcWeb,
  requestTermination,
  postFunction,
]

/** Those that can do more where there is a database. */
const WITH_DATABASE: ReadonlyMap<Plugin, Plugin> = new Map([
  [acme, acmeWithDatabase],
  [rateLimiting, rateLimitingWithDatabase],
  [responseRateLimiting, responseRateLimitingWithDatabase],
])

/** The bundled plugins as they are with a database: their schemas know it as a place for counters. */
export const BUNDLED_PLUGINS_WITH_DATABASE: readonly Plugin[] = BUNDLED_PLUGINS.map(
  (plugin) => WITH_DATABASE.get(plugin) ?? plugin,
)

/**
 * Plugins that come with the gateway and are not among those that Kong bundles, so that `bundled` does
 * not stand for them: they are loaded where the setting `plugins` names them.
 */
export const OPTIONAL_PLUGINS: readonly Plugin[] = [openidConnect]
