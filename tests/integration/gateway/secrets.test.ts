import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import type { Entity } from '../../../src/entities/entity.ts'
import { entitiesWithSecrets } from '../../../src/gateway/secrets-of.ts'

const root = mkdtempSync(path.join(os.tmpdir(), 'portunus-secrets-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
const folder = path.join(root, 'secrets')
mkdirSync(path.join(folder, 'folder'), { recursive: true })
writeFileSync(path.join(root, 'outside'), 'outside')
writeFileSync(path.join(folder, 'token'), 'hush\n')
writeFileSync(path.join(folder, 'db.json'), '{"user": "kong", "port": 5432}')
writeFileSync(path.join(folder, '.hidden'), 'hidden')
writeFileSync(path.join(folder, 'long'), 'a'.repeat(1024 * 1024 + 1))
symlinkSync(path.join(folder, 'token'), path.join(folder, 'link'))

function resolved(reference: string, vaults: readonly string[] = ['bundled']) {
  const warnings: string[] = []
  const fill = entitiesWithSecrets({
    settings: { vaults, vault_env_prefix: undefined, vault_file_folder: folder },
    environment: { TOKEN: 'from the environment' },
    log: { warn: (text) => void warnings.push(text) },
  })
  const plugin: Entity = { id: 'p', config: { headers: { Authorization: reference } } }
  const [row] = fill({ plugins: [plugin] })['plugins']!
  const { headers } = row!['config'] as { readonly headers: { readonly Authorization: string } }
  return { value: headers.Authorization, warnings }
}

describe('a reference in a plugin', () => {
  it.each([
    ['{vault://env/token}', 'from the environment'],
    ['{vault://file/token}', 'hush'],
    ['{vault://file/link}', 'hush'],
    ['{vault://file/db.json/user}', 'kong'],
    ['{vault://file/db.json/port}', '5432'],
    ['no reference', 'no reference'],
  ])('stands for a secret: %s', (reference, value) => {
    expect(resolved(reference)).toEqual({ value, warnings: [] })
  })

  it.each([
    ['{vault://file/absent}', `not found in ${folder}`],
    ['{vault://file/..%2Foutside}', 'not a name of a file'],
    ['{vault://file/..}', 'not a name of a file'],
    ['{vault://file/.hidden}', 'not a name of a file'],
    ['{vault://file/folder}', 'not a file'],
    ['{vault://file/long}', 'too long for a secret'],
    ['{vault://file/db.json/absent}', 'subfield absent not found'],
  ])('that has no secret is empty, and said to be: %s', (reference, why) => {
    const { value, warnings } = resolved(reference)
    expect(value).toBe('')
    expect(warnings).toEqual([expect.stringContaining(why)])
  })

  it('needs its vault to be there', () => {
    expect(resolved('{vault://file/token}', ['env']).warnings).toEqual([
      expect.stringContaining('could not find vault (file)'),
    ])
  })
})
