import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildRouter } from '../build-router.ts'
import { requestOf, routeOf, type RequestFields } from '../testing/routing-fixtures.ts'
import { checkExpression } from './check-expression.ts'
import { compileExpression } from './compile-expression.ts'
import { parseExpression } from './parse-expression.ts'

function holds(expression: string, fields: RequestFields = {}): boolean {
  expect(checkExpression(expression)).toBeUndefined()
  return compileExpression(parseExpression(expression)).holds(requestOf(fields))
}

describe(compileExpression, () => {
  it.each<[string, RequestFields, boolean]>([
    ['http.method == "PUT"', { method: 'PUT' }, true],
    ['http.method != "PUT"', { method: 'PUT' }, false],
    ['http.path ^= "/a"', { target: '/a/b' }, true],
    ['http.path =^ "/b"', { target: '/a/b' }, true],
    ['http.path contains "/b/"', { target: '/a/b/c' }, true],
    ['http.path ~ "^/\\\\d+$"', { target: '/12' }, true],
    ['http.path ~ r#"\\d$"#', { target: '/a1' }, true],
    ['lower(http.path) == "/abc"', { target: '/AbC' }, true],
    ['http.path == "/caf\u00e9"', { target: '/caf%C3%A9' }, true],
    ['http.host == "x.test"', { host: 'x.test:8000' }, true],
    ['http.host =^ ".test" && net.dst.port == 9000', { host: 'x.test:9000' }, true],
    ['net.port == 8000', {}, true],
    ['net.dst.port >= 0x1F40 && net.dst.port <= 8000', {}, true],
    ['net.dst.port > 8000 || net.dst.port < 8000', {}, false],
    ['net.dst.port == 017500', {}, true],
    ['net.protocol == "https"', { scheme: 'https' }, true],
    ['net.src.ip == 10.1.2.3', { sourceIp: '10.1.2.3' }, true],
    ['net.src.ip in 10.0.0.0/8', { sourceIp: '10.1.2.3' }, true],
    ['net.src.ip not in 10.0.0.0/8', { sourceIp: '10.1.2.3' }, false],
    ['net.src.ip == ::1', { sourceIp: '0:0:0:0:0:0:0:1' }, true],
    ['net.src.ip in fd00::/8', { sourceIp: 'fd12::1' }, true],
    ['tls.sni == "x.test"', { sni: 'x.test' }, true],
    ['tls.sni != "x.test"', {}, false],
    ['http.headers.x_a == "1"', { headers: { 'x-a': ['1'] } }, true],
    ['http.headers.x_a == "1"', { headers: { 'x-a': ['1', '2'] } }, false],
    ['any(http.headers.x_a) == "1"', { headers: { 'x-a': ['2', '1'] } }, true],
    ['any(lower(http.headers.x_a)) ^= "ab"', { headers: { 'x-a': ['ABC'] } }, true],
    ['http.headers.x_a != "1"', {}, false],
    ['any(http.headers.x_a) == ""', {}, false],
    ['http.queries.q == "a b"', { target: '/?q=a+b' }, true],
    ['http.queries.q == ""', { target: '/?q' }, true],
    ['any(http.queries.q) == "2"', { target: '/?q=1&q=2' }, true],
    ['http.path.segments.len == 3', { target: '/a/b/c' }, true],
    ['http.path.segments.len == 0', { target: '/' }, true],
    ['http.path.segments.0 == "a"', { target: '/a/b/c' }, true],
    ['http.path.segments.1_2 == "b/c"', { target: '/a/b/c/' }, true],
    ['http.path.segments.3 != "x"', { target: '/a/b/c' }, false],
    ['!(http.method == "GET")', { method: 'PUT' }, true],
    // `||` binds tighter than `&&`
    [
      'http.method == "PUT" || http.method == "GET" && http.path == "/b"',
      { target: '/b', method: 'PUT' },
      true,
    ],
    [
      'http.method == "PUT" || http.method == "GET" && http.path == "/b"',
      { target: '/a', method: 'PUT' },
      false,
    ],
    [
      '(http.method == "PUT") || (http.method == "GET" && http.path == "/b")',
      { target: '/a', method: 'PUT' },
      true,
    ],
  ])('%s', (expression, fields, expected) => {
    expect(holds(expression, fields)).toBe(expected)
  })
})

describe(checkExpression, () => {
  it.each([
    ['', '1:1', 'expected term'],
    ['! http.path == "/"', '1:1', 'expected term'],
    ['http.path == "/" &&', '1:20', 'expected term'],
    ['http.path == "/" http.path', '1:18', 'expected "&&", "||" or the end'],
    ['(http.path == "/"', '1:18', 'expected "&&", "||" or ")"'],
    ['http.path', '1:10', 'expected an operator'],
    ['http.path ==\n  /a', '2:3', 'expected a string, an integer or an address'],
    ['http.path == "/a', '1:14', 'expected a string, an integer or an address'],
    ['http.path == "\\x"', '1:14', 'expected a string, an integer or an address'],
    ['upper(http.path) == "/"', '1:1', 'unknown transformation function: upper'],
    ['http.nothing == "1"', '1:1', 'Unknown LHS field: http.nothing'],
    ['http.headers.a.b == "1"', '1:1', 'Unknown LHS field: http.headers.a.b'],
    ['http.path == 1', '1:14', 'Type mismatch between the LHS and RHS values of predicate'],
    [
      'net.src.ip == 10.0.0.0/8',
      '1:15',
      'Type mismatch between the LHS and RHS values of predicate',
    ],
    ['net.src.ip in 10.0.0.1', '1:15', 'In/NotIn operators only supports IP in CIDR'],
    ['net.src.ip == 10.0.0.300', '1:15', 'invalid address: 10.0.0.300'],
    ['net.src.ip in 10.0.0.0/33', '1:15', 'invalid address: 10.0.0.0/33'],
    [
      'http.path > "a"',
      '1:13',
      'Greater/GreaterOrEqual/Less/LessOrEqual operators only supports integer operands',
    ],
    [
      'net.dst.port ^= 1',
      '1:17',
      'Regex/Prefix/Postfix/Contains operators only supports string operands',
    ],
    [
      'lower(net.dst.port) == 1',
      '1:1',
      'lower-case transformation function only supported with String type fields',
    ],
    ['http.path.segments.x == "a"', '1:1', 'illformed http.path.segments.* field'],
    ['http.path.segments.2_1 == "a"', '1:1', 'illformed http.path.segments.* field'],
    ['net.dst.port == 99999999999999999999', '1:17', 'number too large'],
    ['net.dst.port == 09', '1:17', 'invalid octal number'],
  ])('refuses %j at %s', (expression, place, message) => {
    const fault = checkExpression(expression)
    expect(fault).toContain(`--> ${place}\n`)
    expect(fault).toContain(`= ${message}`)
  })

  it('points at the place', () => {
    expect(checkExpression('http.method == "GET" &&\nhttp.path ~ "("')).toMatch(
      /^ --> 2:13\n {2}\|\n2 \| http\.path ~ "\("\n {2}\| {13}\^---\n {2}\|\n {2}= .+$/,
    )
  })

  it('knows no http fields for routes of streams', () => {
    expect(checkExpression('http.path == "/"', ['tcp'])).toContain('Unknown LHS field')
    expect(checkExpression('tls.sni == "a" && net.dst.port == 1', ['tls'])).toBeUndefined()
  })

  it('refuses brackets without end rather than running out of stack', () => {
    expect(checkExpression('('.repeat(100_000))).toContain('more than 100 nested brackets')
    expect(checkExpression(`${'lower('.repeat(100_000)}a`)).toContain('more than 100 nested')
  })

  it('answers for any text', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.constantFrom(
            'http.path',
            ' ',
            '==',
            '"a"',
            '&&',
            '||',
            '!',
            '(',
            ')',
            'any',
            'in',
            '10.0.0.0/8',
            '1',
            '~',
            'r#"',
            '"#',
            '\n',
          ),
        ),
        (parts) => {
          const text = parts.join('')
          if (checkExpression(text) === undefined)
            compileExpression(parseExpression(text)).holds(requestOf({}))
        },
      ),
    )
  })
})

describe('routes with expressions', () => {
  const predicate = fc.constantFrom(
    'http.path == "/a"',
    'http.path ^= "/a"',
    'http.path ~ r#"^/[ab]$"#',
    'http.path =^ "b"',
    'http.host == "x.test"',
    'http.host =^ ".test"',
    'http.host ^= "x."',
    'http.method == "PUT"',
    'lower(http.path) == "/b"',
    'net.protocol == "https"',
  )
  const { tree } = fc.letrec<{ tree: string }>((tie) => ({
    tree: fc.oneof(
      { maxDepth: 3 },
      predicate,
      fc
        .tuple(tie('tree'), fc.constantFrom('&&', '||'), tie('tree'))
        .map(([a, sign, b]) => `(${a}) ${sign} (${b})`),
      tie('tree').map((inner) => `!(${inner})`),
    ),
  }))
  const request = fc.record({
    target: fc.constantFrom('/a', '/b', '/B', '/ab', '/a/b', '/'),
    host: fc.constantFrom('x.test', 'y.test', 'x.org:80'),
    method: fc.constantFrom('GET', 'PUT'),
    scheme: fc.constantFrom<'http' | 'https'>('http', 'https'),
  })

  it('are found by the index as by asking each of them', () => {
    fc.assert(
      fc.property(
        fc.array(tree, { maxLength: 6 }),
        fc.array(request, { maxLength: 4 }),
        (expressions, requests) => {
          const routes = expressions.map((expression, number) =>
            routeOf({ id: String(number), expression, priority: number }),
          )
          const router = buildRouter(routes, new Map(), 'expressions')
          for (const fields of requests) {
            const first = routes.findLast(({ expression }) =>
              compileExpression(parseExpression(expression!)).holds(requestOf(fields)),
            )
            expect(router.match(requestOf(fields))?.route).toBe(first)
          }
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('give the part of the path that the last comparison was about', () => {
    const match = (expression: string, target: string) =>
      buildRouter([routeOf({ id: '1', expression })], new Map(), 'expressions').match(
        requestOf({ target }),
      )
    expect(match('http.path ^= "/a"', '/a/b')?.matchedPath).toBe('/a')
    expect(match('http.method == "GET"', '/a/b')?.matchedPath).toBeUndefined()
    expect(match('http.path ~ "/x" || http.path ^= "/a"', '/a/b')?.matchedPath).toBe('/a')
    expect(match('http.path ~ r#"^/(?<id>\\d+)"#', '/42/x')).toMatchObject({
      matchedPath: '/42',
      captures: { named: { id: '42' }, unnamed: ['/42', '42'] },
    })
  })

  it('take only requests of their protocols, but for https alone', () => {
    const router = (
      protocols: readonly ['http'] | readonly ['https'] | readonly ['grpcs', 'grpc'],
    ) =>
      buildRouter(
        [routeOf({ id: '1', protocols, expression: 'http.path ^= "/"' })],
        new Map(),
        'expressions',
      )
    expect(router(['http']).match(requestOf({ scheme: 'https' }))).toBeUndefined()
    expect(router(['http']).match(requestOf({ scheme: 'http' }))).toBeDefined()
    expect(router(['https']).match(requestOf({ scheme: 'http' }))).toBeDefined()
    expect(router(['grpcs', 'grpc']).match(requestOf({ scheme: 'http' }))).toBeDefined()
  })
})
