import type { NodeServices } from '../plugin.ts'
import type { StreamSession } from '../stream-session.ts'
import { shownEntity } from '../workspace.ts'
import { libraryTable } from './arguments.ts'
import { logTable, ngxOver } from './kong-table.ts'
import { fromScript, LuaTable, type LuaValue } from './values.ts'

/** The `kong` and `ngx` that programs in Lua see of a session of TCP, TLS or UDP, in its log phase. */
export function sessionGlobals(session: StreamSession, node: NodeServices): LuaTable {
  const { route, service } = session
  const kong = new LuaTable()
  kong.set(
    'client',
    libraryTable({
      get_ip: () => session.peerIp,
      get_forwarded_ip: () => session.ip,
      get_port: () => session.port,
      get_forwarded_port: () => session.port,
      get_protocol: () => session.protocol,
    }),
  )
  kong.set(
    'router',
    libraryTable({
      get_route: () => route && fromScript(shownEntity(route)),
      get_service: () => service && fromScript(shownEntity(service)),
    }),
  )
  kong.set('node', libraryTable({ get_id: () => node.nodeId, get_hostname: () => node.hostname }))
  kong.set('log', logTable(session, node))
  kong.set('version', node.version)

  const variables: Readonly<Record<string, () => LuaValue>> = {
    remote_addr: () => session.ip,
    remote_port: () => session.port,
    server_port: () => session.serverPort,
    protocol: () => (session.protocol === 'udp' ? 'UDP' : 'TCP'),
    status: () => session.status,
    bytes_received: () => session.receivedBytes,
    bytes_sent: () => session.sentBytes,
    session_time: () => session.durationMs / 1000,
    ssl_server_name: () => session.sni,
  }
  const globals = new LuaTable()
  globals.set('kong', kong)
  globals.set(
    'ngx',
    ngxOver((name) => variables[name]?.(), node),
  )
  return globals
}
