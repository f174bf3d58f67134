import { PROPERTIES } from '../settings/properties.ts'
import type { Settings } from '../settings/settings.ts'

/** What a running process takes over when it reloads. */
const LIVE = new Set<string>([
  'admin_guard',
  'admin_hosts',
  'admin_listen',
  'admin_ssl_cert',
  'admin_ssl_cert_key',
  'admin_token',
  'allow_debug_header',
  'client_body_buffer_size',
  'client_min_body_rate',
  'declarative_config',
  'declarative_config_string',
  'declarative_config_watch',
  'error_default_type',
  'error_template_html',
  'error_template_json',
  'error_template_plain',
  'error_template_xml',
  'graceful_timeout',
  'headers',
  'headers_upstream',
  'log_level',
  'max_connections',
  'max_connections_per_client',
  'nginx_http_charset',
  'nginx_http_client_body_buffer_size',
  'nginx_http_client_body_timeout',
  'nginx_http_client_header_timeout',
  'nginx_http_client_max_body_size',
  'nginx_http_http2_max_concurrent_streams',
  'nginx_http_keepalive_requests',
  'nginx_http_keepalive_timeout',
  'nginx_http_large_client_header_buffers',
  'nginx_http_send_timeout',
  'nginx_worker_processes',
  'port_maps',
  'proxy_listen',
  'real_ip_header',
  'real_ip_recursive',
  'ssl_cert',
  'ssl_cert_key',
  'status_listen',
  'status_ssl_cert',
  'status_ssl_cert_key',
  'stream_listen',
  'trusted_ips',
])

/** @returns names of properties that changed and are only read at start */
export function settingsNeedingRestart(before: Settings, after: Settings): readonly string[] {
  return [...PROPERTIES]
    .filter(([name, { hasNoEffect }]) => !hasNoEffect && !LIVE.has(name))
    .map(([name]) => name)
    .filter((name) => text(before, name) !== text(after, name))
}

function text(settings: Settings, name: string): string {
  return JSON.stringify(settings[name as keyof Settings]) ?? ''
}
