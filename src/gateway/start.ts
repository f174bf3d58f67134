import { readFileSync } from 'node:fs'
import path from 'node:path'
import { lateAdminServer } from '../admin/late-admin-server.ts'
import type { Catalog } from '../entities/catalog.ts'
import type { errandRunner } from '../admin/errands.ts'
import { isBeyondMachine, type Listener } from '../settings/listener.ts'
import type { Settings } from '../settings/settings.ts'
import type { Store } from '../store/store.ts'
import { AdminListeners } from './admin-listeners.ts'
import { adminContext } from './admin-facts.ts'
import { catalogOf } from './catalog-of.ts'
import { checkPorts } from './check-ports.ts'
import { workerCount, type DataPlane } from './data-plane.ts'
import { hasDatabase, postgresOf } from './database-of.ts'
import { followSource } from './follow-source.ts'
import { ConfigurationKeeper } from './kept-configuration.ts'
import { EntitiesKeeper } from './kept-entities.ts'
import { isIssued, rememberIssuedRows } from './issued-rows.ts'
import { keepInstantRows } from './kept-instant-rows.ts'
import { listenerCertificates } from './listener-certificates.ts'
import { loadPlugins } from './load-plugins.ts'
import type { Logs } from './logs.ts'
import { openStore } from './open-store.ts'
import { prefixLayout } from './prefix-layout.ts'
import { Publisher } from './publisher.ts'
import { readinessOf } from './readiness.ts'
import { Reloader, type LoadEvent } from './reload.ts'
import { entitiesWithSecrets } from './secrets-of.ts'
import { settingsNeedingRestart } from './settings-in-force.ts'
import { StartFault } from './start-fault.ts'
import { sweepExpired } from './sweep-expired.ts'
import { upstreamTlsDefaults } from './upstream-tls-defaults.ts'
import { COMPATIBILITY_VERSION, portunusVersion } from './versions.ts'

export interface GatewayOptions {
  /** The prefix must be there: see `preparePrefix`. */
  readonly settings: Settings
  readonly logs: Logs
  /** Its workers have been started, and load their code meanwhile. */
  readonly dataPlane: DataPlane
  readonly nodeId: string
  /** For the vault `env`. */
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Hears of every configuration that came into force, and of those that did not. */
  readonly onLoad?: ((event: LoadEvent) => void) | undefined
}

/** A gateway that serves. */
export interface Gateway {
  /** Ports in the order of the listeners, those chosen by the system included. */
  readonly ports: Readonly<Record<'proxy' | 'stream' | 'admin' | 'status', readonly number[]>>
  /** What it serves, for a summary. */
  readonly store: Store
  /**
   * Reads everything again; on a fault, which is logged, all goes on as before.
   * @returns the fault
   */
  reload(read: () => Settings): Promise<string | undefined>
  reopenLogs(): void
  /** @param isGraceful lets requests in flight end, within `graceful_timeout` */
  close(isGraceful: boolean): Promise<void>
}

/**
 * Starts a gateway: this is where rooms meet.
 *
 * @throws {StartFault} when it cannot; nothing of it is left then
 */
export async function startGateway(options: GatewayOptions): Promise<Gateway> {
  let plane: ControlPlane | undefined
  try {
    plane = await controlPlane(options)
    return await serve(plane)
  } catch (error) {
    await Promise.all([
      options.dataPlane.close(0),
      plane?.adminServer.close(),
      plane?.statusServer.close(),
    ])
    await plane?.store.close()
    await options.logs.flush()
    throw error
  }
}

type ControlPlane = Awaited<ReturnType<typeof controlPlane>>

/** For nodes whose database may be away when they start. */
function entitiesKeeper(
  settings: Settings,
  catalog: Catalog,
  log: Logs['error'],
): EntitiesKeeper | undefined {
  if (settings.database !== 'postgres') return undefined
  const file = path.join(settings.prefix, 'database.snapshot')
  const isKept = (kind: string) => !isIssued(catalog, kind)
  return new EntitiesKeeper({ file, connection: postgresOf(settings), log, isKept })
}

/** Everything but the threads: made and connected, and not serving yet. */
async function controlPlane(options: GatewayOptions) {
  const { settings, environment, logs, dataPlane } = options
  const log = logs.error
  const { plugins, warnings } = await loadPlugins(settings)
  for (const warning of warnings) log.warn(warning)
  const catalog = catalogOf(settings, plugins)
  const keeperOfEntities = entitiesKeeper(settings, catalog, log)
  const { store, file } = await openStore(settings, catalog, log, keeperOfEntities)
  const certificates = await listenerCertificates(settings)
  // Workers read it as well; whoever starts the gateway is told here what is wrong with it.
  upstreamTlsDefaults(settings)
  const withSecrets = entitiesWithSecrets({ settings, environment, log })
  const isServed = (kind: string) => !hasDatabase(settings) || !isIssued(catalog, kind)
  const publisher = new Publisher({ store, dataPlane, withSecrets, isServed, log })
  const isKept = settings.database === 'off' && file === undefined
  if (isKept) await keepInstantRows(store, prefixLayout(settings.prefix).instantRows, log)
  const keeper = isKept ? new ConfigurationKeeper(settings.prefix, log) : undefined
  const reloader = new Reloader({ catalog, publisher, file, keeper, onLoad: options.onLoad })
  const inForce = { settings, certificates }
  const admin = adminContext({
    settings: () => inForce.settings,
    catalog,
    store,
    plugins,
    dataPlane,
    publisher,
    reloader,
    nodeId: options.nodeId,
    readiness: readinessOf(settings, store),
    log,
  })
  const remember = rememberIssuedRows(store, catalog, dataPlane.tickets)
  let errands: Promise<ReturnType<typeof errandRunner>> | undefined
  dataPlane.serveErrands(async (errand) => {
    errands ??= import('../admin/errands.ts').then((room) => room.errandRunner(admin, remember))
    return (await errands)(errand)
  })
  const adminServer = new AdminListeners({
    accessLog: logs.open(settings.admin_access_log),
    clientCa: adminClientCa(settings),
    createServer: ({ reach, ...options }) =>
      lateAdminServer({
        ...options,
        log,
        make: async (server) => (await adminApi()).createAdminServer(admin, { server, reach }),
      }),
  })
  const statusServer = new AdminListeners({
    accessLog: logs.open(settings.status_access_log),
    createServer: ({ reach, ...options }) =>
      lateAdminServer({
        ...options,
        log,
        make: async (server) => (await adminApi()).createStatusServer(admin, { server, reach }),
      }),
  })
  const parts = { inForce, logs, log, store, dataPlane, keeper, reloader, admin }
  return { ...parts, adminServer, statusServer }
}

async function serve(plane: ControlPlane): Promise<Gateway> {
  const { log, store, dataPlane, keeper, reloader, adminServer, statusServer } = plane
  const { settings, certificates } = plane.inForce
  const { proxy, stream, admin, status } = settings.listeners
  await checkPorts([...proxy, ...stream, ...admin, ...status])
  warnOfOpenAdmin(settings, log)
  await reloader.start(sourceOf(settings))
  const allPorts = await dataPlane.listen(certificates)
  const { streamPorts } = dataPlane
  await adminServer.update(admin, certificates.admin)
  await statusServer.update(status, certificates.status)
  const source = followSource({ settings: sourceOf(settings), reloader, log })
  // A file is written when somebody changes something.
  const stopSweeping = store.medium === 'file' ? () => {} : sweepExpired(store, log)
  log.notice(`portunus ${portunusVersion()} (Kong ${COMPATIBILITY_VERSION}) serves`)

  return {
    ports: {
      proxy: allPorts.slice(0, allPorts.length - streamPorts.length),
      stream: streamPorts,
      admin: adminServer.ports,
      status: statusServer.ports,
    },
    store,
    async reload(read) {
      try {
        const changed = read()
        await applySettings(plane, changed)
        await reloader.loadSource(sourceOf(changed), { by: 'file' })
        source.follow(sourceOf(changed))
        log.notice('reloaded')
        return undefined
      } catch (error) {
        const { message } = error as Error
        const what = 'Cannot reload, what was in force before goes on'
        // Mistakes of whoever wrote the configuration have no place in our code.
        if (error instanceof StartFault) log.error(`${what}: ${message}`)
        else log.error(what, error)
        return message
      }
    },
    reopenLogs() {
      plane.logs.reopen()
      dataPlane.reopenLogs()
    },
    async close(isGraceful) {
      source.stop()
      stopSweeping()
      const graceMs = plane.inForce.settings.graceful_timeout * 1000 || Infinity
      await Promise.all([
        dataPlane.close(isGraceful ? graceMs : 0),
        adminServer.close(),
        statusServer.close(),
      ])
      // Whoever was told that it is in force finds it so after a restart.
      await keeper?.settled()
      await store.close()
      log.notice('exit')
      await plane.logs.flush()
    },
  }
}

/** @throws {StartFault} when the process cannot listen as it should */
async function applySettings(plane: ControlPlane, changed: Settings): Promise<void> {
  const { inForce, dataPlane, adminServer, statusServer, log } = plane
  const known = new Set(dataListeners(inForce.settings).map(addressOf))
  await checkPorts(dataListeners(changed).filter((listener) => !known.has(addressOf(listener))))
  const certificates = await listenerCertificates(changed)
  await dataPlane.applySettings({ settings: changed, certificates }, workerCount(changed))
  await adminServer.update(changed.listeners.admin, certificates.admin)
  await statusServer.update(changed.listeners.status, certificates.status)
  const postponed = settingsNeedingRestart(inForce.settings, changed)
  if (postponed.length > 0)
    log.warn(`these changed settings take effect at the next start: ${postponed.join(', ')}`)
  if (openAdminWarning(changed) !== openAdminWarning(inForce.settings))
    warnOfOpenAdmin(changed, log)
  inForce.settings = changed
  inForce.certificates = certificates
  plane.admin.logLevel.set(changed.log_level, 0)
}

/** Loaded when somebody asks for something: few do, and it is large. */
async function adminApi() {
  return import('../admin/create-admin-server.ts')
}

function adminClientCa(settings: Settings): string | undefined {
  const { nginx_admin_ssl_client_certificate: file } = settings
  if (settings.nginx_admin_ssl_verify_client === 'off' || !file) return undefined
  return readFileSync(file, 'utf8')
}

/** Kong lets whoever comes; here it has to be said that strangers may. */
function warnOfOpenAdmin(settings: Settings, log: ControlPlane['log']): void {
  const warning = openAdminWarning(settings)
  if (warning !== undefined) log.warn(warning)
}

function openAdminWarning(settings: Settings): string | undefined {
  const { admin_guard, admin_token, nginx_admin_ssl_verify_client: verify } = settings
  const open = settings.listeners.admin.find(
    (listener) => isBeyondMachine(listener) && !(listener.ssl && verify === 'on'),
  )
  if (open === undefined || admin_token || admin_guard !== 'auto') return undefined
  return `The Admin API listens on ${open.ip}:${open.port} and answers this machine only, since nothing says who else may control the gateway: set admin_token, or admin_guard = off if something else guards it`
}

function dataListeners({ listeners }: Settings): readonly Listener[] {
  return [...listeners.proxy, ...listeners.stream]
}

function addressOf({ ip, port, udp }: Listener): string {
  return `${ip} ${port}${udp ? ' udp' : ''}`
}

/** With a database, what a declarative file says is only imported on demand. */
function sourceOf(settings: Settings): Settings {
  if (!hasDatabase(settings)) return settings
  return { ...settings, declarative_config: undefined, declarative_config_string: undefined }
}
