import { describe, expect, it } from 'vitest'
import { routeAsExpression, type MatchFields } from './route-as-expression.ts'

describe('routeAsExpression', () => {
  it.each<[MatchFields, string]>([
    [{ paths: ['/a', '~/b'] }, '(http.path ^= r#"/a"# || http.path ~ r#"^/b"#)'],
    [{ paths: ['~/(?<id>\\d+)'] }, '(http.path ~ r#"^/(?P<id>\\d+)"#)'],
    [{ paths: ['~/"#\\d'] }, '(http.path ~ "^/\\"#\\\\d")'],
    [
      { methods: ['GET', 'PUT'], hosts: ['a.test', '*.b.test', 'c.*', 'd.test:80'] },
      '(http.method == r#"GET"# || http.method == r#"PUT"#) && ' +
        '(http.host == r#"a.test"# || http.host =^ r#".b.test"# || http.host ^= r#"c."# || ' +
        '(http.host == r#"d.test"# && net.dst.port == 80))',
    ],
    [
      { headers: { 'X-Version': ['V1', '~*^v[23]$'] } },
      '(any(lower(http.headers.x_version)) == r#"v1"# || any(lower(http.headers.x_version)) ~ r#"^v[23]$"#)',
    ],
    [
      { protocols: ['https'], snis: ['a.test.'], paths: ['/'] },
      '(net.protocol != r#"https"# || (tls.sni == r#"a.test"#)) && (http.path ^= r#"/"#)',
    ],
    [
      {
        protocols: ['tcp'],
        sources: [{ ip: '10.0.0.0/8' }, { ip: '1.2.3.4', port: 5 }],
        destinations: [{ port: 9000 }],
        paths: ['/ignored'],
      },
      '(net.src.ip in 10.0.0.0/8 || (net.src.ip == 1.2.3.4 && net.src.port == 5)) && (net.dst.port == 9000)',
    ],
  ])('writes %j', (route, text) => {
    expect(routeAsExpression(route).text).toBe(text)
  })

  it('tells where its regexes are', () => {
    const { text, regexes } = routeAsExpression({ methods: ['GET'], paths: ['/a', '~/b(?=c)'] })
    expect(regexes).toHaveLength(1)
    const { given, regex, start, end } = regexes[0]!
    expect({ given, regex }).toEqual({ given: '/b(?=c)', regex: '^/b(?=c)' })
    expect(text.slice(start, end)).toBe('r#"^/b(?=c)"#')
  })
})
