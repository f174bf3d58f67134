import { RequestHead } from '../../src/http/request-head.ts'
import { cost } from './cost.ts'

const LIMITS = { lineBytes: 8192, headBytes: 32_768 }

const SMALL = Buffer.from('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
const REAL = Buffer.from(
  'GET /api/orders?page=2 HTTP/1.1\r\nHost: shop.example.com\r\n' +
    'User-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:140.0)\r\n' +
    'Accept: application/json, text/plain, */*\r\nAccept-Language: en-GB,en;q=0.5\r\n' +
    'Accept-Encoding: gzip, deflate, br\r\n' +
    `Authorization: Bearer ${'x'.repeat(220)}\r\nReferer: https://shop.example.com/orders\r\n` +
    'Connection: keep-alive\r\nCookie: session=0123456789abcdef; theme=dark\r\n' +
    'Sec-Fetch-Mode: cors\r\n\r\n',
)

const head = new RequestHead()
for (const bytes of [SMALL, REAL])
  cost(`RequestHead.read, ${bytes.length} bytes`, () => head.read(bytes, 0, bytes.length, LIMITS))
