import { createCatalog } from '../../src/entities/create-catalog.ts'
import { fieldTable } from './field-table.ts'
import { GENERATED } from './generated.ts'

/** The page of the core entities; those of plugins stand on the plugins' pages. */
export function entitiesPage(): string {
  const kinds = createCatalog([], { flavor: 'traditional_compatible' })
    .kinds()
    .filter(({ isInternal }) => isInternal !== true)
  const sections = kinds.map(({ name, urlName, endpointKey, fields }) =>
    [
      `## ${name}`,
      `\`/${urlName ?? name}\`` +
        (endpointKey === undefined ? '' : `, addressed by \`id\` or \`${endpointKey}\``),
      fieldTable(fields),
    ].join('\n\n'),
  )
  return [GENERATED, '# Entities', ...sections].join('\n\n')
}
