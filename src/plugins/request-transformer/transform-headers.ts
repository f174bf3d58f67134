import type { UpstreamRequest } from '../../plugin-kit/exchange.ts'
import type { LuaTable } from '../../plugin-kit/lua/values.ts'
import type { Rules, ValueRule } from './rules.ts'

/**
 * Applies the rules to the headers. Their names are compared without case, and those that are there
 * keep the case they have. Host can only be replaced.
 */
export function transformHeaders(
  upstream: UpstreamRequest,
  rules: Rules,
  globals: () => LuaTable,
): void {
  // All values come from the request as it was, so they are made before anything changes.
  const render = ({ name, render: make }: ValueRule) => ({ name, value: make?.(globals) })
  const replaced = rules.replace.map(render)
  const added = rules.add.map(render)
  const appended = rules.append.map(render)

  for (const name of rules.remove) upstream.removeHeader(name)
  for (const { from, to } of rules.rename) renameHeader(upstream, from, to)
  for (const { name, value } of replaced) replaceHeader(upstream, name, value)
  for (const { name, value } of added)
    if (value !== undefined && !isHost(name) && !hasHeader(upstream, name))
      upstream.setHeader(name, value)
  for (const { name, value } of appended)
    if (value !== undefined) appendHeader(upstream, name, value)
}

function replaceHeader(upstream: UpstreamRequest, name: string, value: string | undefined): void {
  if (value === undefined) return
  if (isHost(name)) upstream.host = value
  else if (hasHeader(upstream, name)) upstream.setHeader(writtenName(upstream, name), value)
}

function renameHeader(upstream: UpstreamRequest, from: string, to: string): void {
  if (from === to || !hasHeader(upstream, from)) return
  const values = upstream.headerValues(from.toLowerCase())
  upstream.removeHeader(from)
  upstream.setHeader(to, values)
}

function appendHeader(upstream: UpstreamRequest, name: string, value: string): void {
  upstream.addHeader(writtenName(upstream, name), value)
}

function hasHeader(upstream: UpstreamRequest, name: string): boolean {
  return upstream.header(name.toLowerCase()) !== undefined
}

function writtenName(upstream: UpstreamRequest, name: string): string {
  const lower = name.toLowerCase()
  return upstream.headers().find(([other]) => other.toLowerCase() === lower)?.[0] ?? name
}

function isHost(name: string): boolean {
  return name.toLowerCase() === 'host'
}
