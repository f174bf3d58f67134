import { readFileSync } from 'node:fs'
import { addressSet } from '../plugin-kit/address-set.ts'
import type {
  ErrorTemplates,
  ProxyContext,
  ProxyLimits,
  RealIpRules,
  ResponseHeaderRules,
} from '../proxy/context.ts'
import { enabledHeaders } from '../settings/present-settings.ts'
import type { Settings } from '../settings/settings.ts'
import { parseDuration, parseSize } from '../settings/size.ts'
import { COMPATIBILITY_VERSION } from './versions.ts'

/** The part of a proxy context that follows from the settings alone, and changes with them. */
export type ProxyRules = Pick<
  ProxyContext,
  | 'limits'
  | 'realIp'
  | 'responseHeaders'
  | 'sendsRequestId'
  | 'product'
  | 'errorTemplates'
  | 'errorDefaultType'
  | 'allowsDebugHeader'
>

export function proxyRules(settings: Settings): ProxyRules {
  return {
    limits: limitsOf(settings),
    realIp: realIpOf(settings),
    responseHeaders: responseHeadersOf(settings),
    sendsRequestId: settings.headers_upstream.some(
      (name) => name.toLowerCase() === 'x-kong-request-id',
    ),
    product: `kong/${COMPATIBILITY_VERSION}`,
    errorTemplates: templatesOf(settings),
    errorDefaultType: settings.error_default_type,
    allowsDebugHeader: settings.allow_debug_header,
  }
}

/** Kong writes longer bodies than the setting to disk; here they stay in memory up to this size. */
const HELD_AT_LEAST_BYTES = 1024 * 1024

function limitsOf(settings: Settings): ProxyLimits {
  const [count = '4', size = '8k'] = settings.nginx_http_large_client_header_buffers.split(/\s+/)
  const lineBytes = parseSize(size)!
  const idleTimeoutMs = idleTimeoutOf(settings)
  return {
    head: { lineBytes, headBytes: lineBytes * Number(count) },
    bodyBytes: parseSize(settings.nginx_http_client_max_body_size)!,
    bufferedBodyBytes: Math.max(
      parseSize(settings.nginx_http_client_body_buffer_size)!,
      HELD_AT_LEAST_BYTES,
    ),
    headTimeoutMs: parseDuration(settings.nginx_http_client_header_timeout)!,
    bodyTimeoutMs: parseDuration(settings.nginx_http_client_body_timeout)!,
    idleTimeoutMs,
    sendTimeoutMs: parseDuration(settings.nginx_http_send_timeout)!,
    minBodyBytesPerSecond: settings.client_min_body_rate,
    // Without time for a next request there is none.
    requestsPerConnection: idleTimeoutMs === 0 ? 0 : Number(settings.nginx_http_keepalive_requests),
    streamsPerConnection: settings.nginx_http_http2_max_concurrent_streams,
    connections: settings.max_connections,
    connectionsPerClient: settings.max_connections_per_client,
  }
}

/** The second word of the directive is for a header that only some old clients read. */
function idleTimeoutOf({ nginx_http_keepalive_timeout: timeout }: Settings): number {
  return parseDuration(timeout.trim().split(/\s+/)[0]!)!
}

function realIpOf(settings: Settings): RealIpRules {
  const trusted = addressSet(settings.trusted_ips.filter((entry) => entry !== 'unix:'))
  const trustsUnix = settings.trusted_ips.includes('unix:')
  return {
    header: settings.real_ip_header.toLowerCase(),
    isRecursive: settings.real_ip_recursive === 'on',
    isTrusted: (ip) => (ip === 'unix:' ? trustsUnix : trusted.has(ip)),
  }
}

function responseHeadersOf(settings: Settings): ResponseHeaderRules {
  const enabled = enabledHeaders(settings.headers)
  return {
    server: enabled.Server,
    via: enabled.Via,
    proxyLatency: enabled['X-Kong-Proxy-Latency'],
    responseLatency: enabled['X-Kong-Response-Latency'],
    upstreamLatency: enabled['X-Kong-Upstream-Latency'],
    upstreamStatus: enabled['X-Kong-Upstream-Status'],
    requestId: enabled['X-Kong-Request-Id'],
    charset: settings.nginx_http_charset === 'off' ? '' : settings.nginx_http_charset,
  }
}

function templatesOf(settings: Settings): ErrorTemplates {
  return {
    html: textOf(settings.error_template_html),
    json: textOf(settings.error_template_json),
    plain: textOf(settings.error_template_plain),
    xml: textOf(settings.error_template_xml),
  }
}

function textOf(file: string | undefined): string | undefined {
  return file ? readFileSync(file, 'utf8') : undefined
}
