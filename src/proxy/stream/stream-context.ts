import type { DeadlineWheel } from '../../base/deadline-wheel.ts'
import type { ProxyLog, RealIpRules, SnapshotHolder } from '../context.ts'
import type { Sockets } from '../transport/sockets.ts'
import type { Session } from './session.ts'

/** What all sessions of a worker share. Made once; the snapshot in its holder is what changes. */
export interface StreamContext {
  readonly holder: SnapshotHolder
  readonly sockets: Sockets
  readonly wheel: DeadlineWheel
  /** Peers whose PROXY protocol is believed. */
  readonly realIp: Pick<RealIpRules, 'isTrusted'>
  readonly log: ProxyLog
  /** Called once a session, after its log phase. */
  readonly onEnded: ((session: Session) => void) | undefined
  readonly counters: StreamCounters
  /** Most sessions of UDP at a time. */
  readonly udpSessions: number
}

export interface StreamCounters {
  /** Connections and sessions of UDP so far. */
  accepted: number
  handled: number
  active: number
  /** Sessions that are over. */
  sessions: number
}
