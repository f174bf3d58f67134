/**
 * The name of a user's entry. What the user writes cannot end its own part of the name and begin
 * another; Kong puts it in as it is.
 *
 * @see RFC 4514 §2.4
 */
export function bindName(attribute: string, user: string, baseDn: string): string {
  return `${attribute}=${escaped(user)},${baseDn}`
}

function escaped(value: string): string {
  return value
    .replaceAll(/[\\"+,;<>=]/g, String.raw`\$&`)
    .replaceAll('\0', String.raw`\00`)
    .replace(/^[ #]/, String.raw`\$&`)
    .replace(/ $/, String.raw`\ `)
}
