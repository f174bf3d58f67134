import os from 'node:os'
import type { AccessRules, Reach } from '../admin/access.ts'
import type {
  AdminContext,
  LogLevelSwitch,
  NodeStatus,
  PluginEndpoints,
  Readiness,
  TargetHealthChange,
} from '../admin/admin-context.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { AdminRoute, Plugin } from '../plugin-kit/plugin.ts'
import type { RouterFlavor } from '../router/route-match.ts'
import { enabledHeaders, presentSettings } from '../settings/present-settings.ts'
import type { Settings } from '../settings/settings.ts'
import { parseSize } from '../settings/size.ts'
import type { Store } from '../store/store.ts'
import { isLogLevel, type LogLevel } from '../telemetry/log-level.ts'
import type { Logger } from '../telemetry/logger.ts'
import type { DataPlane } from './data-plane.ts'
import { decisionRecords } from './decision-records.ts'
import { explainStore } from './explain-routes.ts'
import { lastUsesOf } from './last-uses.ts'
import type { Publisher } from './publisher.ts'
import type { Reloader } from './reload.ts'
import { COMPATIBILITY_VERSION, portunusVersion } from './versions.ts'
import type { PluginRoute } from './worker-messages.ts'

export interface AdminFactsOptions {
  /** In force now; changes with a reload. */
  readonly settings: () => Settings
  readonly catalog: Catalog
  readonly store: Store
  readonly plugins: readonly Plugin[]
  readonly dataPlane: DataPlane
  readonly publisher: Publisher
  readonly reloader: Reloader
  readonly nodeId: string
  readonly readiness: Readiness
  readonly log: Logger
}

/** What the Admin API is told about this process, and may do with it. */
export function adminContext(options: AdminFactsOptions): AdminContext {
  const { settings, catalog, store, plugins, dataPlane, publisher, reloader, log } = options
  const start = settings()
  const enabled = enabledHeaders(start.headers)
  const logLevel = logLevelSwitch(options)
  return {
    catalog,
    store,
    node: {
      id: options.nodeId,
      hostname: os.hostname(),
      version: COMPATIBILITY_VERSION,
      portunusVersion: portunusVersion(),
      masterPid: process.pid,
      workerPids: () => [process.pid],
    },
    plugins: plugins.map(({ name, version, priority }) => ({ name, version, priority })),
    headers: { server: enabled.Server, latency: enabled['X-Kong-Admin-Latency'] },
    guiOrigins: start.admin_gui_url.flatMap(originOf),
    access: (reach) => accessRules(settings(), reach),
    isDbLess: start.database === 'off',
    bodyLimitBytes: parseSize(start.nginx_admin_client_max_body_size)!,
    configuration: () =>
      presentSettings(settings(), {
        pluginNames: plugins.map(({ name }) => name),
        vaultNames: ['env'],
        logLevel: logLevel.current,
      }),
    configurationHash: () => reloader.hash,
    loadConfig: (config) => reloader.loadConfig(config),
    restore: (entities, origin) => reloader.restore(entities, origin),
    whenServed: (version) => publisher.whenServed(version),
    status: () => statusOf(dataPlane),
    logLevel,
    upstreamHealth: (upstreamId) => dataPlane.askOne<'health'>({ about: 'health', upstreamId }),
    setTargetHealth: (change) => setTargetHealth(dataPlane, change),
    forgetConsumers: async (which) => {
      await dataPlane.ask<'forget-consumers'>({ about: 'forget-consumers', which })
    },
    explainRoute: explainStore({ store, plugins, flavor: start.router_flavor as RouterFlavor }),
    decisions: decisionRecords(dataPlane, start),
    lastUses: lastUsesOf(dataPlane),
    publicKeys: (keySetId) => dataPlane.askOne<'public-keys'>({ about: 'public-keys', keySetId }),
    pluginEndpoints: pluginEndpoints(plugins, dataPlane),
    readiness: options.readiness,
    log,
  }
}

function pluginEndpoints(plugins: readonly Plugin[], dataPlane: DataPlane): PluginEndpoints {
  const places = new Map(
    plugins.flatMap(({ name, adminRoutes }) =>
      adminRoutes.map((route, index): [AdminRoute, PluginRoute] => [
        route,
        { plugin: name, index },
      ]),
    ),
  )
  return {
    routes: [...places.keys()],
    async answer(route, request) {
      const question = { about: 'plugin-route', route: places.get(route)!, request } as const
      if (route.combine === undefined) return dataPlane.askOne<'plugin-route'>(question)
      return route.combine(await dataPlane.ask<'plugin-route'>(question))
    },
  }
}

function accessRules(settings: Settings, reach: Reach): AccessRules {
  const { admin_token, admin_hosts, admin_gui_api_url: api, admin_guard } = settings
  const isRequired = admin_guard === 'required'
  const verify = settings.nginx_admin_ssl_verify_client
  const hosts = api && URL.canParse(api) ? [...admin_hosts, new URL(api).hostname] : admin_hosts
  const isUnguarded = reach === 'network' && admin_guard === 'auto' && !admin_token
  return {
    token: admin_token || undefined,
    hosts: isRequired || admin_hosts.length > 0 ? hosts : undefined,
    origins: isRequired ? settings.admin_gui_url.flatMap(originOf) : undefined,
    clientCertificate: verify === 'on' || verify === 'optional' ? verify : undefined,
    thisMachineOnly: isUnguarded ? { hosts } : undefined,
  }
}

function originOf(url: string): readonly string[] {
  return URL.canParse(url) ? [new URL(url).origin] : []
}

async function statusOf(dataPlane: DataPlane): Promise<NodeStatus> {
  const workers = await dataPlane.ask<'status'>({ about: 'status' })
  const sum = (name: keyof (typeof workers)[number]['connections']) =>
    workers.reduce((total, { connections }) => total + connections[name], 0)
  const [active, reading, writing] = [sum('active'), sum('reading'), sum('writing')]
  return {
    connections: {
      accepted: sum('accepted'),
      handled: sum('handled'),
      requests: sum('requests'),
      active,
      reading,
      writing,
      waiting: Math.max(active - reading - writing, 0),
    },
    workers: workers.map(({ heapBytes }) => ({ pid: process.pid, heapBytes })),
  }
}

async function setTargetHealth(
  dataPlane: DataPlane,
  { upstreamId, targetId, isHealthy, address }: TargetHealthChange,
): Promise<string | undefined> {
  const faults = await dataPlane.ask<'set-health'>({
    about: 'set-health',
    upstreamId,
    targetId,
    isHealthy,
    address,
  })
  return faults.find((fault) => fault !== undefined)
}

function logLevelSwitch({ settings, dataPlane, log }: AdminFactsOptions): LogLevelSwitch {
  let timer: NodeJS.Timeout | undefined
  const set = (level: LogLevel) => {
    log.setLevel(level)
    dataPlane.setLogLevel(level)
  }
  return {
    get current() {
      return log.level
    },
    set(level, seconds) {
      if (!isLogLevel(level)) return
      clearTimeout(timer)
      set(level)
      const configured = settings().log_level
      if (seconds > 0 && isLogLevel(configured))
        timer = setTimeout(() => set(configured), seconds * 1000).unref()
    },
  }
}
