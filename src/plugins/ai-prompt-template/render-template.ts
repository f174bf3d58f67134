const PLACEHOLDER = /\{\{([A-Za-z0-9_]+)\}\}/g

export type Rendered =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'fault'; readonly message: string }

/**
 * Fills the placeholders of a template. Values become parts of JSON texts, so they cannot end one.
 *
 * @param properties as the client gave them; absent: none
 */
export function renderTemplate(template: string, properties: unknown): Rendered {
  const values = new Map<string, string>()
  if (properties !== undefined && properties !== false) {
    if (typeof properties !== 'object' || properties === null)
      return fault('properties must be an object')
    for (const [name, value] of Object.entries(properties) as [string, unknown][]) {
      if (typeof value !== 'string')
        return fault(`property values must be a string, got ${typeName(value)}`)
      values.set(name, JSON.stringify(value).slice(1, -1))
    }
  }
  const text = template.replaceAll(PLACEHOLDER, (all, name: string) => values.get(name) ?? all)
  const missing = new Set([...text.matchAll(PLACEHOLDER)].map(([, name]) => `[${name}]`))
  if (missing.size > 0) return fault(`missing template parameters: ${[...missing].join(', ')}`)
  return { kind: 'text', text }
}

export function fault(message: string): Rendered {
  return { kind: 'fault', message }
}

/** As Lua names types. */
function typeName(value: unknown): string {
  if (value === null) return 'userdata'
  return typeof value === 'object' ? 'table' : typeof value
}
