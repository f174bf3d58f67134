import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import type { Catalog } from '../../src/entities/catalog.ts'
import type { Entity, EntitySet } from '../../src/entities/entity.ts'

/**
 * Texts that formats are known to take for something else. None has a zero in it: at one YAML ends
 * for Kong, and PostgreSQL takes none.
 */
const TRICKY_TEXTS = [
  '~ null yes No on true 012 0x1f 1e3 1_000 .inf 2001-01-01 *a &a !a %a @a `a | > << = {{ [a'.split(
    ' ',
  ),
  [' lead', 'trail ', 'a: b', 'a #b', '# a', '- a', '? a', '"', "'", '\\', '\\n', '1,2', 'a&b=c'],
  ['a\nb', 'a\n\nb\n', '\ta', 'a\r\nb', '\u0007', '\u0085', '\u2028', '\ufeff', '\ud800'],
  ['é', 'e\u0301', '🔑'],
].flat()

const text = fc
  .oneof(
    fc.constantFrom(...TRICKY_TEXTS),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 8 }),
    fc.string({ minLength: 1, maxLength: 20 }),
  )
  .map((drawn) => drawn.replaceAll('\0', '0'))
const tags = fc.option(fc.uniqueArray(text, { maxLength: 3 }))
const count = fc.nat(3)

/** Fields beside those that an entity must have; what a schema refuses is left out. */
const EXTRAS: Readonly<Record<string, fc.Arbitrary<object>>> = {
  services: fc.record({
    tags,
    path: fc.option(fc.webPath().map((path) => path || '/')),
    retries: fc.nat(40_000),
    port: fc.nat(70_000),
    connect_timeout: fc.integer(),
    tls_verify: fc.option(fc.boolean()),
    enabled: fc.boolean(),
  }),
  routes: fc.record({
    tags,
    methods: fc.option(fc.uniqueArray(fc.constantFrom('GET', 'PUT', 'PURGE'))),
    hosts: fc.option(fc.uniqueArray(fc.constantFrom('a.test', '*.b.test', 'c.*'))),
    headers: fc.option(
      fc.dictionary(fc.constantFrom('x-a', 'x-b'), fc.array(text, { minLength: 1, maxLength: 2 }), {
        minKeys: 1,
      }),
    ),
    regex_priority: fc.integer(),
    strip_path: fc.boolean(),
    https_redirect_status_code: fc.constantFrom(426, 301),
  }),
  consumers: fc.record({ tags, custom_id: fc.option(text) }),
  keyauth_credentials: fc.record({ tags }),
  acls: fc.record({ tags }),
  streams: fc.record({
    tags,
    sources: fc.option(
      fc.array(
        fc.record({
          ip: fc.constantFrom('10.0.0.0/8', '::1', null),
          port: fc.option(fc.nat(66_000)),
        }),
      ),
    ),
  }),
  upstreams: fc.record({
    tags,
    slots: fc.nat(70_000),
    hash_on: fc.constantFrom('none', 'ip'),
    host_header: fc.option(fc.constantFrom('a.test', 'b_c', '-')),
    healthchecks: fc.record({
      active: fc.record({
        timeout: fc.double({ min: 0, max: 100 }),
        headers: fc.option(
          fc.dictionary(fc.constantFrom('x-a', 'x.b', 'x_c'), fc.array(text), { minKeys: 1 }),
        ),
        healthy: fc.record({ http_statuses: fc.uniqueArray(fc.integer({ min: 95, max: 999 })) }),
      }),
      threshold: fc.integer({ min: 0, max: 101 }),
    }),
  }),
  targets: fc.record({ tags, weight: fc.nat(70_000) }),
  plugins: fc.record({ tags, enabled: fc.boolean(), instance_name: fc.option(text) }),
}

/** Configs of plugins with texts, numbers, lists and maps in them. */
const CONFIGS = fc.oneof(
  fc.record({
    name: fc.constant('request-termination'),
    config: fc.record({ status_code: fc.nat(700), message: fc.option(text) }),
  }),
  fc.record({
    name: fc.constant('rate-limiting'),
    config: fc.record({ minute: fc.integer({ min: 1 }), sync_rate: fc.double() }),
  }),
  fc.record({
    name: fc.constant('http-log'),
    config: fc.record({
      http_endpoint: fc.constant('http://log.test/'),
      headers: fc.option(fc.dictionary(fc.constantFrom('x-a', 'x.b'), text)),
    }),
  }),
  fc.record({
    name: fc.constant('statsd'),
    config: fc.record({
      prefix: text,
      metrics: fc.array(
        fc.record({
          name: fc.constantFrom('latency', 'request_count'),
          stat_type: fc.constantFrom('timer', 'counter'),
          sample_rate: fc.constantFrom(1, 0.5, null),
        }),
      ),
    }),
  }),
  fc.record({
    name: fc.constant('pre-function'),
    config: fc.record({ access: fc.array(fc.constantFrom('return', '-- a: b\nreturn 1\n')) }),
  }),
)

/** A few of each kind, with names that are unique and references to each other. */
export function arbitraryEntities(catalog: Catalog): fc.Arbitrary<EntitySet> {
  const wanted = fc.record({
    services: fc.array(EXTRAS['services']!, { maxLength: 3 }),
    streams: fc.array(EXTRAS['streams']!, { maxLength: 2 }),
    upstreams: fc.array(EXTRAS['upstreams']!, { maxLength: 2 }),
    targets: fc.array(fc.tuple(EXTRAS['targets']!, count), { maxLength: 2 }),
    routes: fc.array(fc.tuple(EXTRAS['routes']!, count, text), { maxLength: 4 }),
    consumers: fc.array(fc.tuple(EXTRAS['consumers']!, text), { maxLength: 3 }),
    keys: fc.array(fc.tuple(EXTRAS['keyauth_credentials']!, count, text), { maxLength: 4 }),
    acls: fc.array(fc.tuple(EXTRAS['acls']!, count, text), { maxLength: 4 }),
    plugins: fc.array(fc.tuple(EXTRAS['plugins']!, CONFIGS, count, count), { maxLength: 4 }),
  })
  return wanted.map((drawn) => {
    const set = new FittingSet(catalog)
    for (const [at, extras] of drawn.services.entries())
      set.add('services', { name: `s${at}`, host: `h${at}.test` }, extras)
    for (const [at, [extras, service, path]] of drawn.routes.entries())
      set.add('routes', { paths: [`/p${at}`] }, [
        { name: `r${at}`, service: set.referenceTo('services', service) },
        { paths: [`/${path}`, `/q${at}`] },
        extras,
      ])
    for (const extras of drawn.streams)
      set.add('routes', { protocols: ['tcp'], destinations: [{ port: 1 }] }, extras)
    for (const [at, extras] of drawn.upstreams.entries())
      set.add('upstreams', { name: `up${at}` }, extras)
    for (const [at, [extras, upstream]] of drawn.targets.entries())
      set.addChild('targets', 'upstream', upstream, { target: `t${at}.test:80` }, extras)
    for (const [at, [extras, name]] of drawn.consumers.entries())
      set.add('consumers', { username: `u${at}` }, [{ username: `${name}${at}` }, extras])
    for (const [at, [extras, consumer, key]] of drawn.keys.entries())
      set.addChild('keyauth_credentials', 'consumer', consumer, { key: `k${at}` }, [
        { key: `${key}${at}` },
        extras,
      ])
    for (const [at, [extras, consumer, group]] of drawn.acls.entries())
      set.addChild('acls', 'consumer', consumer, { group: `g${at}` }, [
        { group: `${group}${at}` },
        extras,
      ])
    for (const [extras, plugin, service, consumer] of drawn.plugins)
      set.add('plugins', plugin, [
        {
          service: set.referenceTo('services', service),
          consumer: set.referenceTo('consumers', consumer),
        },
        extras,
      ])
    return set.entities
  })
}

/** Entities that keep all rules, made of proposals that need not. */
class FittingSet {
  readonly #catalog: Catalog
  readonly #sets: Record<string, Entity[]> = {}

  constructor(catalog: Catalog) {
    this.#catalog = catalog
  }

  get entities(): EntitySet {
    return this.#sets
  }

  referenceTo(kind: string, at: number): { readonly id: string } | null {
    const row = this.#sets[kind]?.[at]
    return row === undefined ? null : { id: row.id }
  }

  addChild(
    kind: string,
    parent: 'consumer' | 'upstream',
    at: number,
    base: object,
    proposals: object | readonly object[],
  ): void {
    const reference = this.referenceTo(`${parent}s`, at)
    if (reference !== null) this.add(kind, { ...base, [parent]: reference }, proposals)
  }

  /** Takes each field of the proposals that fits; nothing when not even the base does. */
  add(kind: string, base: object, proposals: object | readonly object[]): void {
    const id = randomUUID()
    let best = this.#parse(kind, { ...base, id })
    let input: object = base
    for (const proposal of [proposals].flat())
      for (const [name, value] of Object.entries(proposal)) {
        const row = this.#parse(kind, { ...input, [name]: value, id })
        if (row === undefined) continue
        best = row
        input = { ...input, [name]: value }
      }
    if (best !== undefined) (this.#sets[kind] ??= []).push(best)
  }

  #parse(kind: string, input: object): Entity | undefined {
    const options = { mode: 'insert', nowSeconds: 1_700_000_000 } as const
    const parsed = this.#catalog.parse(kind, input, options)
    return parsed.ok && this.#isUnique(kind, parsed.value) ? parsed.value : undefined
  }

  #isUnique(kind: string, row: Entity): boolean {
    const spec = this.#catalog.kind(kind)!
    const unique = Object.keys(spec.fields)
      .filter((name) => spec.fields[name]!.unique === true)
      .map((name) => [name])
    const together = [...unique, ...(spec.uniqueTogether ?? [])]
    const valuesOf = (entity: Entity, names: readonly string[]) =>
      JSON.stringify(names.map((name) => entity[name] ?? null))
    return together.every((names) => {
      if (names.length === 1 && (row[names[0]!] ?? null) === null) return true
      const others = this.#sets[kind] ?? []
      return others.every((other) => valuesOf(other, names) !== valuesOf(row, names))
    })
  }
}
