import { re2 } from '../../base/late-modules.ts'

/** A path of a `google.api.http` option, ready to be compared with those of requests. */
export interface PathTemplate {
  /** Values of its variables by field path; nothing for another path. */
  match(path: string): ReadonlyMap<string, string> | undefined
}

const VARIABLE = /\{([\w.~-]+)(?:=([^{}]*))?\}/g

/**
 * Compiles a template: `*` is one segment, `**` any number of them, `{name}` and `{name=…}` are
 * variables. What stands in a path as a literal is compared as it is.
 * @see google/api/http.proto, "Path template syntax"
 */
export function pathTemplate(template: string): PathTemplate {
  const names: string[] = []
  let source = ''
  let end = 0
  for (const variable of template.matchAll(VARIABLE)) {
    const [text, name = '', pattern = '*'] = variable
    names.push(name)
    source += `${segments(template.slice(end, variable.index))}(${segments(pattern)})`
    end = variable.index + text.length
  }
  // Several `**` would take other engines a time that grows with the square of a path's length.
  const pattern = re2().compile(source + segments(template.slice(end)))
  return {
    match(path) {
      const found = pattern.matcher(path)
      if (!found.matches()) return undefined
      return new Map(names.map((name, index) => [name, found.group(index + 1) ?? '']))
    },
  }
}

function segments(text: string): string {
  return text
    .replaceAll(/[.+?^$()[\]{}|\\]/g, String.raw`\$&`)
    .replaceAll(/\*+/g, (stars) => (stars === '*' ? '[^/]+' : '.+'))
}
