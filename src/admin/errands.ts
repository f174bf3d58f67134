import type { AdminAnswer, AdminErrand } from '../plugin-kit/plugin.ts'
import { wholeOf } from './admin-answer.ts'
import type { AdminContext } from './admin-context.ts'
import { adminResources } from './admin-resources.ts'
import { issuedResources, type OnIssuedRow } from './issued-resources.ts'
import { dispatch } from './dispatch.ts'
import { resourceTable } from './resource-table.ts'

/**
 * Answers requests to the Admin API that plugins make, which come over no network and need no leave.
 *
 * @param onIssuedRow hears of rows that were asked for, to remember them
 */
export function errandRunner(
  context: AdminContext,
  onIssuedRow: OnIssuedRow,
): (errand: AdminErrand) => Promise<AdminAnswer> {
  const table = resourceTable([
    ...adminResources(context),
    ...issuedResources(context, onIssuedRow),
  ])
  return async ({ method, path, body }) => {
    const request = {
      method,
      target: path,
      contentTypes: body === undefined ? [] : ['application/json'],
      body: Buffer.from(body === undefined ? '' : JSON.stringify(body)),
      requestedHeaders: undefined,
    }
    const { status, json, text } = await dispatch(table, request, context.log)
    return { status, body: json ?? (text && wholeOf(text.content)) }
  }
}
