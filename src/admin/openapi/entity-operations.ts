import { singular } from '../../entities/entity-name.ts'
import type { Method, Resource } from '../resource.ts'
import { schemaReference } from './entity-schemas.ts'
import type { Operation } from './other-operations.ts'

/** @returns how a method of a resource about rows is described; nothing for other resources */
export function entityOperation(method: Method, { path, rows }: Resource): Operation | undefined {
  if (rows === undefined) return undefined
  const { kind, are } = rows
  const noun = singular(kind)
  const within = path.split('/').length > 3 ? ` ${placeOf(path)}` : ''
  const facts: Facts = { kind, noun, within }
  const described = are === 'listed' ? LISTED[method] : SINGLE[method]
  return described && { tags: [kind], ...described(facts) }
}

interface Facts {
  readonly kind: string
  readonly noun: string
  /** Empty at the top. */
  readonly within: string
}

type Describe = (facts: Facts) => Operation

const LISTED: Partial<Record<Method, Describe>> = {
  GET: ({ kind, noun, within }) => ({
    summary: `List each ${noun}${within}`,
    parameters: LIST_PARAMETERS,
    responses: {
      200: answer('A page of them, in the order of their ids.', pageOf(kind)),
      ...ERRORS,
    },
  }),
  POST: ({ kind, noun, within }) => ({
    summary: `Create a ${noun}${within}`,
    requestBody: body(schemaReference(kind)),
    responses: { 201: answer('What was created.', schemaReference(kind)), ...ERRORS },
  }),
}

const SINGLE: Partial<Record<Method, Describe>> = {
  GET: ({ kind, noun, within }) => ({
    summary: `Read a ${noun}${within}`,
    responses: { 200: answer('It.', schemaReference(kind)), ...ERRORS },
  }),
  PUT: ({ kind, noun, within }) => ({
    summary: `Create or replace a ${noun}${within}`,
    requestBody: body(schemaReference(kind)),
    responses: { 200: answer('What it is now.', schemaReference(kind)), ...ERRORS },
  }),
  PATCH: ({ kind, noun, within }) => ({
    summary: `Change a ${noun}${within}`,
    description:
      'Fields that are not sent stay as they are; `null` unsets one; lists are replaced.',
    requestBody: body(schemaReference(kind, true)),
    responses: { 200: answer('What it is now.', schemaReference(kind)), ...ERRORS },
  }),
  DELETE: ({ noun, within }) => ({
    summary: `Delete a ${noun}${within}`,
    responses: { 204: { description: 'It is not there any more.' }, ...ERRORS },
  }),
}

const ERRORS = { default: { $ref: '#/components/responses/error' } }

const LIST_PARAMETERS = [
  parameter('size', 'Most rows of a page.', {
    type: 'integer',
    minimum: 1,
    maximum: 1000,
    default: 100,
  }),
  parameter('offset', 'Where the page begins: `offset` of the one before.', { type: 'string' }),
  parameter('tags', 'Only rows with all of `a,b`, or with one of `a/b`.', { type: 'string' }),
]

function parameter(name: string, description: string, schema: object): object {
  return { name, in: 'query', description, schema }
}

function pageOf(kind: string): object {
  return {
    type: 'object',
    properties: {
      data: { type: 'array', items: schemaReference(kind) },
      next: { type: ['string', 'null'], description: 'Path of the next page.' },
      offset: { type: 'string', description: 'Where the next page begins; absent at the end.' },
    },
    required: ['data', 'next'],
  }
}

function body(schema: object): object {
  return { required: true, content: { 'application/json': { schema } } }
}

function answer(description: string, schema: object): object {
  return { description, content: { 'application/json': { schema } } }
}

/** `/services/{services}/routes` → `of a service`. */
function placeOf(path: string): string {
  const [, , parameter = ''] = path.split('/')
  return `of a ${singular(parameter.replaceAll(/[{}]/g, ''))}`
}
