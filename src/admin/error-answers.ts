import { schemaViolation, type ErrorFields } from '../schema/kong-errors.ts'
import type { Violation } from '../schema/violation.ts'
import type { WriteFault } from '../store/store.ts'
import { json, UNEXPECTED, type AdminAnswer } from './admin-answer.ts'
import { keyText } from './key-text.ts'

/** Error answers with a code, as Kong numbers and words them. */

export function schemaViolationAnswer(violations: readonly Violation[]): AdminAnswer {
  return json(400, schemaViolation(violations))
}

export function invalidPrimaryKey(text: string): AdminAnswer {
  const fields = { id: text }
  return coded(400, 1, 'invalid primary key', {
    message: `invalid primary key: '${keyText(fields)}'`,
    fields,
  })
}

/** A name in the URL that no row can have. */
export function invalidUnique(field: string, text: string): AdminAnswer {
  return coded(400, 10, `invalid unique ${field}`, { message: text })
}

export function entityNotFound(key: Readonly<Record<string, unknown>>): AdminAnswer {
  const by = 'id' in key ? 'primary key ' : ''
  return coded(404, 6, 'not found', {
    message: `could not find the entity with ${by}'${keyText(key)}'`,
    fields: key,
  })
}

export function invalidOffset(offset: string, reason: string): AdminAnswer {
  return coded(400, 7, 'invalid offset', {
    message: `'${offset}' is not a valid offset: ${reason}`,
  })
}

export function invalidSize(text: string): AdminAnswer {
  return coded(400, 9, 'invalid size', { message: text })
}

export function invalidTags(text: string): AdminAnswer {
  return invalidOption('tags', text)
}

/** For Kong a time to live is no field, but an option of the write. */
export const INVALID_TTL: AdminAnswer = invalidOption(
  'ttl',
  'must be an integer between 0 and 100000000',
)

function invalidOption(name: string, text: string): AdminAnswer {
  return coded(400, 11, 'invalid options', {
    message: `invalid option (${name}: ${text})`,
    options: { [name]: text },
  })
}

export function operationUnsupported(text: string): AdminAnswer {
  return coded(405, 12, 'operation unsupported', {
    message: `${text} when not using a database`,
  })
}

/** @param fields by foreign field: the field it was looked up by, and why that failed */
export function foreignUnresolved(
  fields: Readonly<Record<string, Readonly<Record<string, string>>>>,
): AdminAnswer {
  const texts = Object.entries(fields).flatMap(([name, inner]) =>
    Object.entries(inner).map(([field, text]) => `${name}.${field}: ${text}`),
  )
  const head =
    texts.length === 1 ? 'foreign key unresolved' : `${texts.length} foreign keys unresolved`
  return coded(400, 13, 'foreign keys unresolved', {
    message: `${head} (${texts.sort().join('; ')})`,
    fields,
  })
}

export function invalidDeclarative(
  text: string,
  more: { readonly fields: ErrorFields; readonly flattened_errors?: unknown },
): AdminAnswer {
  return coded(400, 14, 'invalid declarative configuration', { message: text, ...more })
}

export function referencedByOthers(text: string): AdminAnswer {
  return coded(400, 19, 'referenced by others', { message: text })
}

/** Says why a store refused a write. */
export function faultAnswer(fault: WriteFault): AdminAnswer {
  switch (fault.fault) {
    case 'primary-key-taken':
      return coded(400, 3, 'primary key violation', {
        message: `primary key violation on key '${keyText(fault.key)}'`,
        fields: fault.key,
      })
    case 'unique-violation':
      return coded(409, 5, 'unique constraint violation', {
        message: `UNIQUE violation detected on '${keyText(fault.key)}'`,
        fields: fault.key,
      })
    case 'foreign-key-missing':
      return coded(400, 4, 'foreign key violation', {
        message: `the foreign key '${keyText(fault.key)}' does not reference an existing '${fault.reference}' entity.`,
        fields: { [fault.field]: fault.key },
      })
    case 'referenced':
      return coded(400, 4, 'foreign key violation', {
        message: `an existing '${fault.by}' entity references this '${fault.kind}' entity`,
        fields: { '@referenced_by': fault.by },
      })
    case 'not-found':
      return entityNotFound(fault.key)
    case 'read-only':
      return operationUnsupported('cannot write entities')
    case 'unavailable':
      return UNEXPECTED
  }
}

function coded(
  status: number,
  code: number,
  name: string,
  more: Readonly<Record<string, unknown>>,
): AdminAnswer {
  return json(status, { code, name, ...more })
}
