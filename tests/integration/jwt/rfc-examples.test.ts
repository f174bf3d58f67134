import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { ALGORITHMS, isSignedBy } from '../../../src/plugin-kit/jose/algorithms.ts'
import { fittingKeys, readKeySet } from '../../../src/plugin-kit/jwks/key-set.ts'
import { testPlugin } from '../../../src/plugin-kit/testing/test-plugin.ts'
import { jwt } from '../../../src/plugins/jwt/plugin.ts'

/** When the tokens of RFC 7515 end. */
const EXPIRY = 1_300_819_380
const JOE =
  'eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ'

/** The keys and signatures of RFC 7515, appendix A. */
const EXAMPLES = [
  {
    section: 'RFC 7515 A.1',
    alg: 'HS256',
    jwk: {
      kty: 'oct',
      k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow',
    },
    head: 'eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9',
    signature: 'dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk',
  },
  {
    section: 'RFC 7515 A.2',
    alg: 'RS256',
    jwk: {
      kty: 'RSA',
      n: 'ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ',
      e: 'AQAB',
    },
    head: 'eyJhbGciOiJSUzI1NiJ9',
    signature:
      'cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw',
  },
  {
    section: 'RFC 7515 A.3',
    alg: 'ES256',
    jwk: {
      kty: 'EC',
      crv: 'P-256',
      x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
      y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
    },
    head: 'eyJhbGciOiJFUzI1NiJ9',
    signature:
      'DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q',
  },
] as const

describe('the tokens of RFC 7515', () => {
  it.each(EXAMPLES)('$section: $alg', async ({ alg, jwk, head, signature }) => {
    const config = { issuers: [{ issuer: 'joe', jwks: { keys: [jwk] }, algorithms: [alg] }] }
    const send = (now: number, text: string) =>
      testPlugin(jwt, config, {
        now: now * 1000,
        request: { headers: { Authorization: `Bearer ${text}` } },
      })
    const text = `${head}.${JOE}.${signature}`
    expect((await send(EXPIRY - 1, text)).answer).toBeUndefined()
    expect((await send(EXPIRY, text)).answer?.reason).toContain('token expired')
    const altered = `${head}.${JOE.replace('Jqb2UiL', 'Jqb2UiI')}.${signature}`
    expect((await send(EXPIRY - 1, altered)).answer?.status).toBe(401)
  })

  it('A.4: ES512, whose payload is not JSON', () => {
    const jwk = {
      kty: 'EC',
      crv: 'P-521',
      x: 'AekpBQ8ST8a8VcfVOTNl353vSrDCLLJXmPk06wTjxrrjcBpXp5EOnYG_NjFZ6OvLFV1jSfS9tsz4qUxcWceqwQGk',
      y: 'ADSmRA43Z1DSNx_RvcLI87cdL07l6jQyyBXMoxVg_l2Th-x3S1WDhjDly79ajL4Kkd0AZMaZmh9ubmf63e3kyMj2',
    }
    expect(
      isGood(
        'eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA.AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8GaSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn',
        jwk,
      ),
    ).toBe(true)
  })
})

/** Whether a key of an issuer made this signature. */
function isGood(compact: string, jwk: object): boolean {
  const [head = '', payload = '', signature = ''] = compact.split('.')
  const { alg, kid } = JSON.parse(Buffer.from(head, 'base64url').toString()) as {
    readonly alg: string
    readonly kid?: string
  }
  const algorithm = ALGORITHMS.get(alg)!
  const keys = readKeySet({ keys: [jwk] }, true).keys.map((key) => ({ ...key, usableUntil: 0 }))
  const text = { signed: `${head}.${payload}`, signature }
  return fittingKeys(keys, { kid, algorithmName: alg, algorithm }).some(({ key }) =>
    isSignedBy(algorithm, key, text, 'as-hash'),
  )
}

const VECTORS =
  process.env['PORTUNUS_VECTORS'] ??
  path.join(fileURLToPath(new URL('../../../', import.meta.url)), '..', 'shared', 'vectors')
const COOKBOOK = path.join(VECTORS, 'jose-cookbook')
const skipped = existsSync(COOKBOOK) ? '' : ` (skipped: no examples at ${COOKBOOK})`

describe(`the signatures of RFC 7520 and RFC 8037${skipped}`, () => {
  it
    .skipIf(skipped !== '')
    .each([
      'jws/4_1.rsa_v15_signature.json',
      'jws/4_2.rsa-pss_signature.json',
      'jws/4_3.ecdsa_signature.json',
      'jws/4_4.hmac-sha2_integrity_protection.json',
      'curve25519/jws.json',
    ])('%s', (file) => {
    const example = JSON.parse(readFileSync(path.join(COOKBOOK, file), 'utf8')) as {
      readonly input: { readonly key: Readonly<Record<string, string>> }
      readonly output: { readonly compact: string }
    }
    // It is the private key; its public half is what counts.
    const { key } = example.input
    const { compact } = example.output
    expect(isGood(compact, key)).toBe(true)
    const [head, payload, signature = ''] = compact.split('.')
    const first = signature.startsWith('A') ? 'B' : 'A'
    expect(isGood(`${head}.${payload}.${first}${signature.slice(1)}`, key)).toBe(false)
  })
})
