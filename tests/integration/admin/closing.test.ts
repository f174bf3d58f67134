import { afterEach, describe, expect, it, vi } from 'vitest'
import { adminContextForTest } from '../../support/admin-context.ts'
import { createAdminServer } from '../../../src/admin/create-admin-server.ts'

describe('createAdminServer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('does not wait for ever for connections whose end was lost', async () => {
    const server = createAdminServer(adminContextForTest())
    vi.spyOn(server.app, 'close').mockReturnValue(new Promise(() => undefined) as never)
    vi.useFakeTimers()
    let isClosed = false
    const closed = server.close().then(() => (isClosed = true))
    await vi.advanceTimersByTimeAsync(9_999)
    expect(isClosed).toBe(false)
    await vi.advanceTimersByTimeAsync(1)
    await closed
  })

  it('is closed as soon as it can be, and leaves no timer behind', async () => {
    const server = createAdminServer(adminContextForTest())
    vi.useFakeTimers()
    await server.close()
    expect(vi.getTimerCount()).toBe(0)
  })
})
