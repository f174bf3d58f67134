import { expect, it } from 'vitest'
import { namingToken } from './token-param.ts'

it('openid-connect › a token is sent under its configured name once, whatever came along under it', async () => {
  const bodies: string[] = []
  const naming = namingToken(async (_url, { body }) => {
    bodies.push(String(body))
    return new Response()
  }, 'access_token')
  const body = new URLSearchParams({ access_token: 'another', purpose: 'audit', token: 'mine' })
  await naming('https://login.example.com', { method: 'POST', headers: {}, body })
  expect(bodies).toEqual(['purpose=audit&access_token=mine'])
})
