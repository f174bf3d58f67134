const CLASSES: Readonly<Record<string, RegExp>> = {
  a: /[A-Za-z]/,
  c: /[\0-\u{1f}\u{7f}]/u,
  d: /\d/,
  l: /[a-z]/,
  p: /[!-/:-@[-`{-~]/,
  s: /[ \t-\r]/,
  u: /[A-Z]/,
  w: /[A-Za-z0-9]/,
  x: /[A-Fa-f0-9]/,
  z: /\0/,
}

const COMPLEMENTS = Object.fromEntries(
  Object.entries(CLASSES).map(([name, { source, flags }]) => [
    name.toUpperCase(),
    new RegExp(`[^${source.replaceAll(/^\[|\]$/g, '')}]`, flags),
  ]),
)

const ALL: ReadonlyMap<string, RegExp> = new Map(Object.entries({ ...CLASSES, ...COMPLEMENTS }))

/** The letters of a class such as `%a`; nothing for a letter that names none. */
export function luaClass(name: string): RegExp | undefined {
  return ALL.get(name)
}
