import { message, NOT_FOUND } from './admin-answer.ts'
import type { Resource } from './resource.ts'

const NO_CONTROL_PLANE = message(
  400,
  'this endpoint is only available when Kong is configured to run as Control Plane for the cluster',
)
const NO_WASM = message(400, 'this endpoint is only available when wasm is enabled')

/** Addresses that are there to say that what they are for is not. */
export function unavailableResources(): readonly Resource[] {
  return [
    ...['/clustering/data-planes', '/clustering/status'].map((path): Resource => ({
      path,
      methods: { GET: () => NO_CONTROL_PLANE },
    })),
    ...['all', 'enabled', 'disabled'].map((which): Resource => ({
      path: `/routes/{routes}/filters/${which}`,
      methods: { GET: () => NO_WASM },
    })),
    ...[
      '/filter-chains',
      '/filter-chains/{filter_chains}',
      '/filter-chains/{filter_chains}/route',
      '/filter-chains/{filter_chains}/service',
      '/routes/{routes}/filter-chains',
      '/routes/{routes}/filter-chains/{filter_chains}',
      '/services/{services}/filter-chains',
      '/services/{services}/filter-chains/{filter_chains}',
    ].map((path): Resource => ({ path, methods: {}, always: NO_WASM })),
    // Targets are reached through their upstream alone, certificates not through their names.
    ...[
      '/targets',
      '/targets/{targets}',
      '/targets/{targets}/upstream',
      '/snis/{snis}/certificate',
    ].map((path): Resource => ({ path, methods: {}, always: NOT_FOUND })),
  ]
}
