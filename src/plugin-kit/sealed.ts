import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto'

/** Texts, or bytes, that only whoever has the secret can read or make. */
export interface Seal {
  seal(content: string | Uint8Array): string
  /** @returns `undefined` for what this seal has not made */
  open(sealed: string): string | undefined
  openBytes(sealed: string): Buffer | undefined
}

const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Seals with AES-256-GCM, under a random nonce each.
 * @param purpose stands in the seal, so that what was sealed for one thing cannot serve another
 */
export function sealWith(secret: string, purpose: string): Seal {
  const key = Buffer.from(hkdfSync('sha256', secret, '', 'session cookie', 32))
  const about = Buffer.from(purpose)

  function openBytes(sealed: string): Buffer | undefined {
    const bytes = Buffer.from(sealed, 'base64url')
    if (bytes.length < NONCE_BYTES + TAG_BYTES) return undefined
    const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, NONCE_BYTES))
    decipher.setAAD(about)
    decipher.setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES))
    try {
      const hidden = bytes.subarray(NONCE_BYTES + TAG_BYTES)
      return Buffer.concat([decipher.update(hidden), decipher.final()])
    } catch {
      // Not ours, or changed on the way: there is no session.
      return undefined
    }
  }

  return {
    seal(content) {
      const nonce = randomBytes(NONCE_BYTES)
      const cipher = createCipheriv('aes-256-gcm', key, nonce).setAAD(about)
      const bytes = typeof content === 'string' ? Buffer.from(content) : content
      const hidden = Buffer.concat([cipher.update(bytes), cipher.final()])
      return Buffer.concat([nonce, cipher.getAuthTag(), hidden]).toString('base64url')
    },
    open: (sealed) => openBytes(sealed)?.toString('utf8'),
    openBytes,
  }
}
