/** Bytes no gateway should pass on, and the status they must get. */
export interface BrokenRequest {
  readonly name: string
  readonly bytes: string
  readonly status: number
}

const head = (...lines: readonly string[]): string =>
  ['GET /open HTTP/1.1', 'Host: localhost', ...lines].join('\r\n') + '\r\n\r\n'

export const BROKEN_REQUESTS: readonly BrokenRequest[] = [
  { name: 'no Host', bytes: 'GET /open HTTP/1.1\r\n\r\n', status: 400 },
  { name: 'two Hosts', bytes: head('Host: other'), status: 400 },
  { name: 'a Host with a path', bytes: 'GET /open HTTP/1.1\r\nHost: a/b\r\n\r\n', status: 400 },
  {
    name: 'two different lengths',
    bytes: head('Content-Length: 1', 'Content-Length: 2'),
    status: 400,
  },
  {
    name: 'the same length twice',
    bytes: head('Content-Length: 1', 'Content-Length: 1'),
    status: 400,
  },
  { name: 'a length with a sign', bytes: head('Content-Length: +1'), status: 400 },
  { name: 'a length in hex', bytes: head('Content-Length: 0x1'), status: 400 },
  { name: 'a list of lengths', bytes: head('Content-Length: 1, 1'), status: 400 },
  {
    name: 'a length beside a chunked body',
    bytes: `${head('Content-Length: 5', 'Transfer-Encoding: chunked')}0\r\n\r\n`,
    status: 400,
  },
  { name: 'an unknown coding', bytes: head('Transfer-Encoding: gzip'), status: 501 },
  { name: 'two codings', bytes: head('Transfer-Encoding: gzip, chunked'), status: 501 },
  { name: 'a coding in odd letters', bytes: head('Transfer-Encoding: \vchunked'), status: 501 },
  {
    name: 'a chunked body in HTTP/1.0',
    bytes: 'POST /open HTTP/1.0\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    status: 400,
  },
  {
    name: 'a chunk size that is no number',
    bytes: `${head('Transfer-Encoding: chunked')}zz\r\n\r\n`,
    status: 400,
  },
  {
    name: 'a chunk longer than it says',
    bytes: `${head('Transfer-Encoding: chunked')}1\r\nab\r\n0\r\n\r\n`,
    status: 400,
  },
  { name: 'a folded line', bytes: head('X-A: 1', ' folded'), status: 400 },
  { name: 'a space before the colon', bytes: head('X-A : 1'), status: 400 },
  { name: 'a bare line feed', bytes: 'GET /open HTTP/1.1\nHost: localhost\n\n', status: 400 },
  { name: 'a bare carriage return', bytes: head('X-A: 1\rX-B: 2'), status: 400 },
  { name: 'a null in a value', bytes: head('X-A: a\0b'), status: 400 },
  {
    name: 'a control letter in the target',
    bytes: 'GET /o\x01 HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
  { name: 'a space in the target', bytes: 'GET /a b HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a method in lower case', bytes: 'get /open HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a target that is no path', bytes: 'GET open HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'CONNECT', bytes: 'CONNECT a:80 HTTP/1.1\r\nHost: a:80\r\n\r\n', status: 400 },
  { name: 'a version that is none', bytes: 'GET /open HTTP/x.1\r\nHost: a\r\n\r\n', status: 400 },
  { name: 'a version of the future', bytes: 'GET /open HTTP/3.0\r\nHost: a\r\n\r\n', status: 505 },
  {
    name: 'a target without end',
    bytes: `GET /${'a'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
    status: 414,
  },
  { name: 'a field without end', bytes: head(`X-A: ${'a'.repeat(40_000)}`), status: 400 },
  {
    name: 'fields without end',
    bytes: head(...Array.from({ length: 5000 }, (_, index) => `X-${index}: ${'a'.repeat(20)}`)),
    status: 400,
  },
  { name: 'another protocol', bytes: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: 400 },
  {
    name: 'a path that climbs out',
    bytes: 'GET /open/%2e%2e/%2e%2e/etc HTTP/1.1\r\nHost: a\r\n\r\n',
    status: 400,
  },
]

/** Tokens that prove nothing, as `Authorization` fields; each must get 401. */
export interface BrokenToken {
  readonly name: string
  readonly token: string
}

const part = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url')
const token = (header: unknown, claims: unknown, signature = 'c2lnbmF0dXJl'): string =>
  `${part(header)}.${part(claims)}.${signature}`

const CLAIMS = { kid: 'known', exp: 4_102_444_800 }

export const BROKEN_TOKENS: readonly BrokenToken[] = [
  { name: 'one letter', token: 'x' },
  { name: 'two parts', token: 'a.b' },
  { name: 'empty parts', token: '..' },
  { name: 'no base64url', token: '***.***.***' },
  { name: 'a header that is null', token: token(null, CLAIMS) },
  { name: 'a payload that is a number', token: token({ alg: 'HS256' }, 5) },
  { name: 'a payload that is a list', token: token({ alg: 'HS256' }, [CLAIMS]) },
  { name: 'alg none', token: token({ alg: 'none' }, CLAIMS, '') },
  { name: 'alg nOnE', token: token({ alg: 'nOnE' }, CLAIMS, '') },
  { name: 'alg of another type', token: token({ alg: ['HS256'] }, CLAIMS) },
  {
    name: 'a key in the header',
    token: token({ alg: 'HS256', jwk: { kty: 'oct', k: 'AA' } }, CLAIMS),
  },
  { name: 'a key claim that is a number', token: token({ alg: 'HS256' }, { ...CLAIMS, kid: 1 }) },
  { name: 'a key claim that is an object', token: token({ alg: 'HS256' }, { ...CLAIMS, kid: {} }) },
  { name: 'an unknown key', token: token({ alg: 'HS256' }, { ...CLAIMS, kid: 'unknown' }) },
  {
    name: 'a key that climbs',
    token: token({ alg: 'HS256' }, { ...CLAIMS, kid: '../../etc/passwd' }),
  },
  { name: 'another algorithm', token: token({ alg: 'HS512' }, CLAIMS) },
  { name: 'an empty signature', token: token({ alg: 'HS256' }, CLAIMS, '') },
  { name: 'a signature of zeros', token: token({ alg: 'HS256' }, CLAIMS, 'A'.repeat(43)) },
  {
    name: 'a nested bomb',
    token: `${part({ alg: 'HS256' })}.${Buffer.from('['.repeat(2000) + ']'.repeat(2000)).toString('base64url')}.c2ln`,
  },
  {
    name: 'a name twice in the header',
    token: `${Buffer.from('{"alg":"HS256","alg":"none"}').toString('base64url')}.${part(CLAIMS)}.c2ln`,
  },
]
