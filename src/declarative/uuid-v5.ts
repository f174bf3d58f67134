import { hash } from 'node:crypto'

/**
 * A UUID that follows from a name: the same name in the same space always gets the same one.
 *
 * @param space a UUID
 * @see RFC 9562 §5.5
 */
function uuidV5(space: string, name: string): string {
  return inSpace(bytesOf(space), name)
}

/** Ids of a kind are made in a space of its own below this one, which is Kong's. */
const ROOT = 'fd02801f-0957-4a15-a55a-c8d9606f30b5'

const spaces = new Map<string, Buffer>()

/** The id of an entity that a file gives none. */
export function entityId(kind: string, name: string): string {
  let space = spaces.get(kind)
  if (space === undefined) {
    space = bytesOf(uuidV5(ROOT, kind))
    spaces.set(kind, space)
  }
  return inSpace(space, name)
}

function bytesOf(uuid: string): Buffer {
  return Buffer.from(uuid.replaceAll('-', ''), 'hex')
}

function inSpace(space: Buffer, name: string): string {
  const digest = hash('sha1', Buffer.concat([space, Buffer.from(name)]), 'hex')
  const variant = ((Number.parseInt(digest[16]!, 16) & 3) | 8).toString(16)
  return [
    digest.slice(0, 8),
    digest.slice(8, 12),
    `5${digest.slice(13, 16)}`,
    `${variant}${digest.slice(17, 20)}`,
    digest.slice(20, 32),
  ].join('-')
}
