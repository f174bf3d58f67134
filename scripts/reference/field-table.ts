import type { Field, Fields } from '../../src/schema/field.ts'

/** A Markdown table of fields, nested ones after their parent as `parent.child`. */
export function fieldTable(fields: Fields): string {
  const lines = rows('', fields).map((cells) => `| ${cells.map(cell).join(' | ')} |`)
  return ['| field | type | default | meaning |', '| --- | --- | --- | --- |', ...lines].join('\n')
}

type Row = readonly [name: string, type: string, byDefault: string, meaning: string]

function rows(parent: string, fields: Fields): readonly Row[] {
  return Object.entries(fields).flatMap(([name, field]) => {
    const path = `${parent}${name}`
    const own: Row = [
      `\`${path}\``,
      typeName(field),
      byDefault(field),
      [field.description, limits(field)].filter(Boolean).join(' '),
    ]
    return [own, ...rows(`${path}.`, nestedFields(field))]
  })
}

function nestedFields(field: Field): Fields {
  if (field.type === 'record') return field.fields
  if ((field.type === 'array' || field.type === 'set') && field.elements.type === 'record')
    return field.elements.fields
  return {}
}

function typeName(field: Field): string {
  const required = field.required === true && field.default === undefined ? ', required' : ''
  return `${bareType(field)}${required}`
}

function bareType(field: Field): string {
  if (field.type === 'array' || field.type === 'set')
    return `${field.type} of ${bareType(field.elements)}`
  if (field.type === 'map') return `map of ${bareType(field.values)}`
  if (field.type === 'foreign') return `reference to \`${field.reference}\``
  return field.type
}

function byDefault(field: Field): string {
  if (field.default === undefined) return ''
  // A secret's default is another one at each start.
  return field.encrypted === true ? 'random' : `\`${JSON.stringify(field.default)}\``
}

function limits(field: Field): string {
  const rule = field.type === 'array' || field.type === 'set' ? field.elements : field
  const parts = [
    rule.one_of && `One of ${rule.one_of.map((value) => `\`${String(value)}\``).join(', ')}.`,
    rule.between && `Between ${rule.between[0]} and ${rule.between[1]}.`,
    rule.gt !== undefined && `Greater than ${rule.gt}.`,
    field.unique === true && 'Unique.',
    field.referenceable === true && 'May be a `{vault://…}` reference.',
    field.deprecation && 'Deprecated.',
  ]
  return parts.filter(Boolean).join(' ')
}

/** Keeps a text inside its cell. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s*\n\s*/g, ' ')
}
