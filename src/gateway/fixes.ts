import type { DecisionRecord } from '../admin/decision-record.ts'

/** What to do about failures that are not a plugin's, by the code of a record. */
const FIXES: Readonly<Record<string, string>> = {
  'no-route-matched': 'see below which condition of a route does not hold, or try "portunus route"',
  'no-service': 'give the route a service',
  'plugin-failed': 'the error log says what went wrong',
  'https-required': 'ask with https, or give the route the protocol http',
  'http2-required': 'gRPC needs HTTP/2',
  'grpc-required': 'the route takes gRPC alone: send content-type application/grpc',
  'no-peer': 'add a target to the upstream, or see to those that are unhealthy',
  'no-peer-left': 'see to the targets of the upstream: none is left to be tried',
  'name-not-resolved': "no address is known for the service's host: see to the name or the DNS",
  'dns-failed': 'see to the DNS servers: they do not answer',
  'upstream-refused': 'see whether the service runs at this address',
  'upstream-closed': 'the service closed the connection without an answer: its log may say why',
  'upstream-invalid':
    'the service answers something that is not HTTP: see to its protocol and port',
  'upstream-timed-out': 'see why the service takes so long, or raise read_timeout of the service',
  'body-too-large': 'send less, or raise client_max_body_size',
  'uri-too-long': 'shorten the URL, or raise large_client_header_buffers',
  'head-too-large': 'send fewer or shorter headers, or raise large_client_header_buffers',
}

export function fixOf({ code }: DecisionRecord): string | undefined {
  return code === undefined ? undefined : FIXES[code]
}
