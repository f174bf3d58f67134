import type { StreamSession } from '../../plugin-kit/stream-session.ts'
import { newSpanId } from '../../plugin-kit/tracing/trace-ids.ts'
import { Span } from './span.ts'
import { reportTries, tagWithNames, tagWithPeer, type TraceEnd } from './trace.ts'

/** Reports the spans of a session of TCP, TLS or UDP that is over. */
export function reportSession(
  session: StreamSession,
  traceId: string,
  end: TraceEnd & { readonly prereadAtMs: number | undefined },
): void {
  const { config, nodeId, nowMs, report } = end
  const { startedAtMs, gatewayMs } = session
  const start = { kind: 'SERVER', name: 'stream', parentId: undefined } as const
  const request = new Span({ ...start, traceId, spanId: newSpanId(), startMs: startedAtMs })
  request.remote = { ip: session.ip, port: session.port }
  request.tag('lc', 'kong')
  for (const { name, value } of config.static_tags ?? []) request.tag(name, value)
  const prereadAtMs = end.prereadAtMs ?? startedAtMs
  const prereadEndMs = session.tries[0]?.startedAtMs ?? startedAtMs + gatewayMs
  const proxy = request.child(`${request.start.name} (proxy)`, prereadAtMs)
  if (config.phase_duration_flavor === 'tags')
    proxy.tag('kong.preread.duration_ms', Math.max(prereadEndMs - prereadAtMs, 0))
  else {
    proxy.annotate('kps', prereadAtMs)
    proxy.annotate('kpf', prereadEndMs)
  }
  reportTries(request, session, { lastEndMs: () => nowMs, report })
  tagWithPeer(proxy, session)
  request.tag('kong.node.id', nodeId)
  tagWithNames(proxy, session)
  report(proxy, nowMs)
  report(request, nowMs)
}
