import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, type AddressInfo } from 'node:net'
import os from 'node:os'
import path from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { signRequest } from '../../../src/plugin-kit/aws/sign-request.ts'
import { testGateway } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { awsLambda } from '../../../src/plugins/aws-lambda/plugin.ts'
import { startGateway } from '../../support/start-gateway.ts'

interface Asked {
  readonly request: IncomingMessage
  readonly body: string
}

type Reply = (asked: Asked, response: ServerResponse) => void

/** A server that stands in for Amazon's. */
async function startAws(reply: Reply) {
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const each = { request, body: Buffer.concat(chunks).toString() }
      asked.push(each)
      reply(each, response)
    })
  })
  server.on('connect', (request: IncomingMessage, socket) => {
    asked.push({ request, body: '' })
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    asked,
    port,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

const KEYS = { aws_key: 'AKID', aws_secret: 'secret' }
const CREDENTIALS = {
  AccessKeyId: 'LENT',
  SecretAccessKey: 'lent-secret',
  Token: 'lent-token',
  Expiration: '2026-01-01T06:00:00Z',
}

const at = (port: number, config: object) => ({
  aws_region: 'us-east-1',
  host: '127.0.0.1',
  port,
  disable_https: true,
  function_name: 'hello',
  ...config,
})

const json = (response: ServerResponse, status: number, body: unknown): void =>
  void response
    .writeHead(status, { 'Content-Type': 'application/json', 'X-Amzn-RequestId': '1' })
    .end(JSON.stringify(body))

const who = ({ request }: Asked) =>
  /Credential=([^/]+)/.exec(request.headers.authorization ?? '')?.[1]

afterEach(() => vi.unstubAllEnvs())

describe('aws-lambda', () => {
  it('calls the function with a signed event and answers what it answers', async () => {
    await using aws = await startAws((_asked, response) => json(response, 200, { from: 'aws' }))
    await using gateway = await startGateway({
      _format_version: '3.0',
      routes: [{ paths: ['/call'] }],
      plugins: [{ name: 'aws-lambda', config: at(aws.port, { ...KEYS, qualifier: 'live' }) }],
    })
    const response = await fetch(`${gateway.url}/call?a=1`)
    expect([response.status, await response.json()]).toEqual([200, { from: 'aws' }])
    expect(response.headers.get('x-amzn-requestid')).toBe('1')
    expect(response.headers.get('via')).toBe('1.1 kong/3.9.3')
    expect(response.headers.get('x-kong-response-latency')).toMatch(/^\d+$/)
    expect(response.headers.get('x-kong-upstream-latency')).toBeNull()
    const [{ request, body }] = aws.asked as [Asked]
    expect([request.method, request.url]).toEqual([
      'POST',
      '/2015-03-31/functions/hello/invocations?Qualifier=live',
    ])
    expect(JSON.parse(body)).toEqual({ a: '1' })
    expect(request.headers).toMatchObject({
      'x-amz-invocation-type': 'RequestResponse',
      'x-amz-log-type': 'Tail',
    })
    // The signature is that of the request as it came, made anew from its own time.
    const time = request.headers['x-amz-date'] as string
    const form = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/
    const nowMs = Date.parse(time.replace(form, '$1-$2-$3T$4:$5:$6Z'))
    const again = signRequest(
      {
        method: 'POST',
        url: new URL(request.url!, aws.url),
        headers: {
          'Content-Type': request.headers['content-type']!,
          'X-Amz-Invocation-Type': 'RequestResponse',
          'X-Amz-Log-Type': 'Tail',
        },
        body,
      },
      {
        credentials: { accessKeyId: 'AKID', secretAccessKey: 'secret' },
        region: 'us-east-1',
        service: 'lambda',
        nowMs,
      },
    )
    expect(request.headers.authorization).toBe(again['Authorization'])
  })

  it('answers 500 in all that goes wrong, and logs why', async () => {
    await using aws = await startAws((_asked, response) =>
      json(response, 404, { Message: 'Function not found' }),
    )
    await using gateway = await startGateway({
      _format_version: '3.0',
      routes: [{ paths: ['/call'], plugins: [{ name: 'aws-lambda', config: at(aws.port, KEYS) }] }],
    })
    const response = await fetch(`${gateway.url}/call`)
    expect(response.status).toBe(500)
    expect(await response.json()).toMatchObject({ message: 'An unexpected error occurred' })
    await expect
      .poll(() => gateway.errorLog())
      .toContain('AWS Lambda answered 404: Function not found')
  })

  it.each([
    ['Event', 202],
    ['DryRun', 204],
  ])('passes on the status of %s', async (invocation_type, status) => {
    await using aws = await startAws((_asked, response) => void response.writeHead(status).end())
    const config = at(aws.port, {
      ...KEYS,
      invocation_type,
      function_name: 'arn:aws:lambda:x:1:function:f',
    })
    const { answer } = await testGateway([[awsLambda, config]]).send()
    expect(answer?.status).toBe(status)
    const { request } = aws.asked[0]!
    expect(request.headers['x-amz-invocation-type']).toBe(invocation_type)
    expect(request.url).toContain('/arn%3Aaws%3Alambda%3Ax%3A1%3Afunction%3Af/')
  })

  it('tells how long it waited, which is not the time of the gateway', async () => {
    await using aws = await startAws((_asked, response) => json(response, 200, {}))
    let now = Date.UTC(2026, 0, 1)
    const gateway = testGateway([[awsLambda, at(aws.port, KEYS)]], { now: () => (now += 7) })
    const { answer } = await gateway.send()
    expect(answer).toMatchObject({ waitedMs: expect.any(Number) })
    expect((answer as { waitedMs: number }).waitedMs).toBeGreaterThan(0)
  })

  it('fails without a region', async () => {
    for (const name of ['AWS_REGION', 'AWS_DEFAULT_REGION']) vi.stubEnv(name, undefined)
    const gateway = testGateway([[awsLambda, { ...KEYS, function_name: 'f' }]])
    await expect(gateway.send()).rejects.toThrow('no region specified')
  })

  it('takes the region from the environment, and goes through a proxy', async () => {
    vi.stubEnv('AWS_REGION', 'eu-west-1')
    await using proxy = await startAws(() => undefined)
    const config = { ...KEYS, function_name: 'f', proxy_url: proxy.url }
    await expect(testGateway([[awsLambda, config]]).send()).rejects.toThrow('answered 403')
    expect(proxy.asked[0]!.request.method).toBe('CONNECT')
    expect(proxy.asked[0]!.request.url).toBe('lambda.eu-west-1.amazonaws.com:443')
  })

  it('gives up when the function takes too long', async () => {
    await using aws = await startAws(() => undefined)
    const gateway = testGateway([[awsLambda, at(aws.port, { ...KEYS, timeout: 20 })]])
    await expect(gateway.send()).rejects.toThrow('No answer within 20 ms')
  })
})

describe('aws-lambda › credentials', () => {
  const bare = {
    AWS_ACCESS_KEY_ID: undefined,
    AWS_SECRET_ACCESS_KEY: undefined,
    AMAZON_ACCESS_KEY_ID: undefined,
    AWS_SHARED_CREDENTIALS_FILE: '/nowhere',
    AWS_EC2_METADATA_DISABLED: 'true',
  }
  const withEnvironment = (environment: Readonly<Record<string, string | undefined>>): void => {
    for (const [name, value] of Object.entries({ ...bare, ...environment })) vi.stubEnv(name, value)
  }

  async function caller(
    environment: Parameters<typeof withEnvironment>[0],
    reply: Reply,
    config = {},
  ) {
    await using aws = await startAws((asked, response) =>
      asked.request.url?.startsWith('/2015-03-31/')
        ? json(response, 200, {})
        : reply(asked, response),
    )
    const filled = Object.entries(environment).map(([name, value]) => [
      name,
      value?.replace('{url}', aws.url),
    ])
    withEnvironment(Object.fromEntries(filled) as Record<string, string>)
    const sts = 'aws_assume_role_arn' in config ? { aws_sts_endpoint_url: aws.url } : {}
    const gateway = testGateway([[awsLambda, at(aws.port, { ...config, ...sts })]])
    await gateway.send()
    await gateway.send()
    return aws.asked
  }

  it('come from the environment', async () => {
    const environment = {
      AWS_ACCESS_KEY_ID: 'ENV',
      AWS_SECRET_ACCESS_KEY: 'env-secret',
      AWS_SESSION_TOKEN: 'env-token',
    }
    const [call] = await caller(environment, () => undefined)
    expect(who(call!)).toBe('ENV')
    expect(call!.request.headers['x-amz-security-token']).toBe('env-token')
  })

  it('come from the file that tools share', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'portunus-aws-'))
    const file = path.join(folder, 'credentials')
    await writeFile(
      file,
      '[default]\naws_access_key_id = NO\n# [other]\n[ other ]\naws_access_key_id=FILE\naws_secret_access_key = s\n',
    )
    const environment = { AWS_SHARED_CREDENTIALS_FILE: file, AWS_PROFILE: 'other' }
    const [call] = await caller(environment, () => undefined)
    await rm(folder, { recursive: true })
    expect(who(call!)).toBe('FILE')
  })

  it('come from the agent of a container', async () => {
    const environment = {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: '{url}/role',
      AWS_CONTAINER_AUTHORIZATION_TOKEN: 'let-me-in',
    }
    const asked = await caller(environment, (_asked, response) => json(response, 200, CREDENTIALS))
    expect(asked.map(({ request }) => request.url?.slice(0, 8))).toEqual([
      '/role',
      '/2015-03',
      '/2015-03',
    ])
    expect(asked[0]!.request.headers.authorization).toBe('let-me-in')
    expect(who(asked[1]!)).toBe('LENT')
    expect(asked[1]!.request.headers['x-amz-security-token']).toBe('lent-token')
  })

  it.each(['v1', 'v2'])('come from the instance, by %s of its protocol', async (version) => {
    const environment = {
      AWS_EC2_METADATA_DISABLED: undefined,
      AWS_EC2_METADATA_SERVICE_ENDPOINT: '{url}',
    }
    const asked = await caller(
      environment,
      ({ request }, response) => {
        if (request.method === 'PUT') response.end('session')
        else if (request.url!.endsWith('/')) response.end('my-role\n')
        else json(response, 200, CREDENTIALS)
      },
      { aws_imds_protocol_version: version },
    )
    const questions = asked.filter(({ request }) => request.url!.startsWith('/latest'))
    expect(questions.map(({ request }) => `${request.method} ${request.url}`)).toEqual([
      ...(version === 'v2' ? ['PUT /latest/api/token'] : []),
      'GET /latest/meta-data/iam/security-credentials/',
      'GET /latest/meta-data/iam/security-credentials/my-role',
    ])
    const last = questions.at(-1)!.request.headers
    expect(last['x-aws-ec2-metadata-token']).toBe(version === 'v2' ? 'session' : undefined)
    expect(who(asked.at(-1)!)).toBe('LENT')
  })

  const lend: Reply = (_asked, response) => {
    const fields = Object.entries({ ...CREDENTIALS, Token: undefined, SessionToken: 'sts-token' })
    const xml = fields.map(([name, value]) => (value ? `<${name}>${value}</${name}>` : '')).join('')
    response.end(`<AssumeRoleResponse><Credentials>${xml}</Credentials></AssumeRoleResponse>`)
  }

  it('are those of a role that is taken', async () => {
    const config = {
      ...KEYS,
      aws_assume_role_arn: 'arn:aws:iam::1:role/r',
      aws_role_session_name: 'me',
    }
    const asked = await caller({}, lend, config)
    expect(asked).toHaveLength(3)
    expect(Object.fromEntries(new URLSearchParams(asked[0]!.body))).toEqual({
      Action: 'AssumeRole',
      Version: '2011-06-15',
      RoleArn: 'arn:aws:iam::1:role/r',
      RoleSessionName: 'me',
    })
    expect(asked.map(who)).toEqual(['AKID', 'LENT', 'LENT'])
    expect(asked[1]!.request.headers['x-amz-security-token']).toBe('sts-token')
  })

  it('fail with the words of the service that refuses a role', async () => {
    const config = { ...KEYS, aws_assume_role_arn: 'arn:aws:iam::1:role/r' }
    const refuse: Reply = (_asked, response) =>
      void response.writeHead(403).end('<Error><Message>not you</Message></Error>')
    await expect(caller({}, refuse, config)).rejects.toThrow('answered 403 to AssumeRole: not you')
  })
})

describe('aws-lambda in Kong’s place', () => {
  it('is asked over a plain socket as over a client', async () => {
    await using aws = await startAws((_asked, response) => json(response, 200, { empty: [] }))
    await using gateway = await startGateway({
      _format_version: '3.0',
      routes: [{ paths: ['/call'], plugins: [{ name: 'aws-lambda', config: at(aws.port, KEYS) }] }],
    })
    const socket = connect(gateway.port, '127.0.0.1')
    socket.write('GET /call HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n')
    let text = ''
    for await (const chunk of socket) text += String(chunk)
    expect(text.match(/^date:/gim)).toHaveLength(1)
    expect(text.match(/^content-length:/gim)).toHaveLength(1)
    expect(text.endsWith('{"empty":{}}')).toBe(true)
  })
})
