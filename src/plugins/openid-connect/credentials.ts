import { isUtf8 } from 'node:buffer'
import {
  bodyValues,
  readBodyFields,
  withoutBodyField,
  writeBodyFields,
  type BodyFields,
} from '../../plugin-kit/body-fields.ts'
import type { Exchange } from '../../plugin-kit/exchange.ts'
import { withoutArgument } from '../../plugin-kit/query-arguments.ts'
import { withoutCookie } from '../../http/cookies.ts'
import type { Config } from './schema.ts'

type Place = 'header' | 'query' | 'body' | 'cookie'

/** Something a client has proven itself with, and how the upstream does not get it. */
export interface Presented<Value> {
  readonly value: Value
  readonly hide: () => void
}

export interface AccessToken {
  readonly token: string
  /** The scheme of `Authorization`, in lower case, if it came there. */
  readonly scheme: 'bearer' | 'dpop' | undefined
}

export interface NameAndSecret {
  readonly name: string
  readonly secret: string
}

/** Credentials have a few kilobytes; a longer body is not looked into. */
const BODY_LIMIT_BYTES = 64 * 1024
const TOKEN_HEADERS = ['access-token', 'x-access-token']

/**
 * Finds in one request what it may be authenticated by. The body is read when it is the last place, and
 * headers at once: they may be among those that the upstream gets from nobody but the gateway.
 */
export class Credentials {
  readonly #exchange: Exchange
  readonly #config: Config
  /** Once they were read: what the upstream gets of them. */
  #fieldsLeft: BodyFields | undefined
  #body: Promise<BodyFields | undefined> | undefined
  readonly #headers: ReadonlyMap<string, string>

  constructor(exchange: Exchange, config: Config) {
    this.#exchange = exchange
    this.#config = config
    const { refresh_token_param_name: refresh, id_token_param_name: idToken } = config
    const names = [...TOKEN_HEADERS, ...spellings(refresh), ...spellings(idToken)]
    this.#headers = new Map(
      names.flatMap((name) => {
        const value = exchange.request.header(name.toLowerCase())
        return value === undefined ? [] : [[name.toLowerCase(), value]]
      }),
    )
  }

  async accessToken(): Promise<Presented<AccessToken> | undefined> {
    const { bearer_token_param_type: places, bearer_token_cookie_name: cookie } = this.#config
    const inHeader = places.includes('header') ? this.#tokenInHeader() : undefined
    if (inHeader !== undefined) return inHeader
    const parameter = await this.#parameter(places, 'access_token')
    if (parameter !== undefined)
      return { ...parameter, value: { token: parameter.value, scheme: undefined } }
    if (!places.includes('cookie') || cookie === undefined) return undefined
    const token = this.#exchange.request.cookie(cookie)
    if (token === undefined || token === '') return undefined
    return {
      value: { token, scheme: undefined },
      hide: () => hideCookies(this.#exchange, [cookie]),
    }
  }

  async refreshToken(): Promise<Presented<string> | undefined> {
    const { refresh_token_param_type: places, refresh_token_param_name: name } = this.#config
    return this.#namedToken(places, name)
  }

  async idToken(): Promise<Presented<string> | undefined> {
    const { id_token_param_type: places, id_token_param_name: name } = this.#config
    if (name === undefined) return undefined
    const found = await this.#namedToken(places, name)
    this.hideUnseenIdToken(found?.value)
    return found
  }

  userAndPassword(): Promise<Presented<NameAndSecret> | undefined> {
    return this.#pair(this.#config.password_param_type, ['username', 'password'])
  }

  clientIdAndSecret(): Promise<Presented<NameAndSecret> | undefined> {
    return this.#pair(this.#config.client_credentials_param_type, ['client_id', 'client_secret'])
  }

  /**
   * Takes tokens away that nobody has looked at, in all places but the body: an upstream could take
   * them for good ones.
   */
  hideUnseen(): void {
    const { request, upstream } = this.#exchange
    if (/^(?:bearer|dpop) /i.test(request.header('authorization') ?? ''))
      upstream.removeHeader('authorization')
    this.#hideNamed(this.#config.bearer_token_param_type, {
      headers: TOKEN_HEADERS,
      argument: 'access_token',
    })
    this.hideUnseenIdToken()
  }

  /**
   * The same for ID tokens alone.
   * @param seen the one that is looked at, and may stay
   */
  hideUnseenIdToken(seen?: string): void {
    const { id_token_param_type: places, id_token_param_name: name } = this.#config
    if (name !== undefined)
      this.#hideNamed(places, { headers: spellings(name), argument: name, seen })
  }

  #hideNamed(
    places: readonly Place[],
    {
      headers,
      argument,
      seen,
    }: {
      readonly headers: readonly string[]
      readonly argument: string
      readonly seen?: string | undefined
    },
  ): void {
    const { request, upstream } = this.#exchange
    if (places.includes('header'))
      for (const name of headers) if (this.#tokenOf(name) !== seen) upstream.removeHeader(name)
    if (places.includes('query') && request.queryValues(argument).some((each) => each !== seen))
      upstream.rawQuery = withoutArgument(upstream.rawQuery, argument)
  }

  /** What a header has, without a scheme. */
  #tokenOf(header: string): string | undefined {
    return this.#headers.get(header.toLowerCase())?.replace(/^bearer +/i, '')
  }

  /** A field of the body, if the body has fields. */
  async bodyField(name: string): Promise<string | undefined> {
    const fields = await this.#fields()
    const [value] = fields === undefined ? [] : bodyValues(fields, name)
    if (value === undefined) return undefined
    return typeof value === 'string' ? value : JSON.stringify(value)
  }

  async #namedToken(
    places: readonly Place[],
    name: string,
  ): Promise<Presented<string> | undefined> {
    if (places.includes('header'))
      for (const header of spellings(name)) {
        const value = this.#tokenOf(header)
        if (value !== undefined && value !== '')
          return { value, hide: () => this.#exchange.upstream.removeHeader(header) }
      }
    return this.#parameter(places, name)
  }

  #tokenInHeader(): Presented<AccessToken> | undefined {
    const { request, upstream } = this.#exchange
    const match = /^(bearer|dpop) +(\S+) *$/i.exec(request.header('authorization') ?? '')
    if (match !== null) {
      const scheme = match[1]!.toLowerCase() as 'bearer' | 'dpop'
      const hidden = scheme === 'dpop' ? ['authorization', 'dpop'] : ['authorization']
      const hide = (): void => hidden.forEach((name) => upstream.removeHeader(name))
      return { value: { token: match[2]!, scheme }, hide }
    }
    for (const name of TOKEN_HEADERS) {
      const token = this.#tokenOf(name)
      if (token === undefined || token === '') continue
      const hide = (): void => upstream.removeHeader(name)
      return { value: { token, scheme: undefined }, hide }
    }
    return undefined
  }

  async #pair(
    places: readonly Place[],
    [nameField, secretField]: readonly [string, string],
  ): Promise<Presented<NameAndSecret> | undefined> {
    const basic = places.includes('header')
      ? readBasic(this.#exchange.request.header('authorization'))
      : undefined
    if (basic !== undefined)
      return { value: basic, hide: () => this.#exchange.upstream.removeHeader('authorization') }
    const name = await this.#parameter(places, nameField)
    const secret = name && (await this.#parameter(places, secretField))
    if (name === undefined || secret === undefined) return undefined
    return {
      value: { name: name.value, secret: secret.value },
      hide() {
        name.hide()
        secret.hide()
      },
    }
  }

  /** An argument of the query, or a field of the body. */
  async #parameter(places: readonly Place[], name: string): Promise<Presented<string> | undefined> {
    const { request, upstream } = this.#exchange
    const argument = places.includes('query') ? request.queryValue(name) : undefined
    if (typeof argument === 'string' && argument !== '')
      return {
        value: argument,
        hide() {
          upstream.rawQuery = withoutArgument(upstream.rawQuery, name)
        },
      }
    const field = places.includes('body') ? await this.bodyField(name) : undefined
    if (field === undefined || field === '') return undefined
    return { value: field, hide: () => this.#hideField(name) }
  }

  #hideField(name: string): void {
    this.#fieldsLeft &&= withoutBodyField(this.#fieldsLeft, name)
    if (this.#fieldsLeft !== undefined)
      this.#exchange.upstream.setBody(writeBodyFields(this.#fieldsLeft))
  }

  #fields(): Promise<BodyFields | undefined> {
    return (this.#body ??= this.#readFields())
  }

  async #readFields(): Promise<BodyFields | undefined> {
    const { request } = this.#exchange
    const type = request.header('content-type')
    if (!request.hasBody || type === undefined || request.isGrpc) return undefined
    if ((request.contentLength ?? 0) > BODY_LIMIT_BYTES) return undefined
    const body = await request.readBody(BODY_LIMIT_BYTES)
    this.#fieldsLeft = body === 'too-large' ? undefined : readBodyFields(type, body)
    return this.#fieldsLeft
  }
}

/** Names of headers that stand for one of a parameter. */
function spellings(name: string | undefined): readonly string[] {
  return name === undefined ? [] : [...new Set([name, name.replaceAll('_', '-')])]
}

/** Keeps cookies from the upstream. */
export function hideCookies({ upstream }: Exchange, names: readonly string[]): void {
  const fields = upstream.headerValues('cookie')
  const kept = fields.map((field) => names.reduce(withoutCookie, field))
  if (kept.every((field, index) => field === fields[index])) return
  const left = kept.filter((field) => field !== '')
  if (left.length === 0) upstream.removeHeader('cookie')
  else upstream.setHeader('Cookie', left.join('; '))
}

/** @see RFC 7617 §2 */
function readBasic(value: string | undefined): NameAndSecret | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2}) *$/i.exec(value ?? '')?.[1]
  if (encoded === undefined) return undefined
  const bytes = Buffer.from(encoded, 'base64')
  const text = isUtf8(bytes) ? bytes.toString('utf8') : bytes.toString('latin1')
  const colon = text.indexOf(':')
  if (colon < 1 || colon === text.length - 1) return undefined
  return { name: text.slice(0, colon), secret: text.slice(colon + 1) }
}
