import { Http2Field } from './http2-field.ts'

/** @see RFC 7541 appendix A; the first has number 1 */
const FIELDS = `:authority
:method GET
:method POST
:path /
:path /index.html
:scheme http
:scheme https
:status 200
:status 204
:status 206
:status 304
:status 400
:status 404
:status 500
accept-charset
accept-encoding gzip, deflate
accept-language
accept-ranges
accept
access-control-allow-origin
age
allow
authorization
cache-control
content-disposition
content-encoding
content-language
content-length
content-location
content-range
content-type
cookie
date
etag
expect
expires
from
host
if-match
if-modified-since
if-none-match
if-range
if-unmodified-since
last-modified
link
location
max-forwards
proxy-authenticate
proxy-authorization
range
referer
refresh
retry-after
server
set-cookie
strict-transport-security
transfer-encoding
user-agent
vary
via
www-authenticate`

/** Fields by number minus 1. */
export const STATIC_FIELDS: readonly Http2Field[] = FIELDS.split('\n').map((line) => {
  const [, name, value] = /^(\S+) ?(.*)$/.exec(line)!
  return new Http2Field(name!, value!)
})

/** The first number of a name; 0 for others. @param name in lower case */
export function staticNumberOf(name: string): number {
  return STATIC_FIELDS.findIndex((field) => field.name === name) + 1
}
