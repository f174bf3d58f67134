/** What stands below a method of a path. */
export interface Operation {
  readonly summary: string
  readonly responses: Readonly<Record<string | number, object>>
  readonly tags?: readonly string[]
  readonly description?: string
  readonly parameters?: readonly object[]
  readonly requestBody?: object
}

const ERRORS = { default: { $ref: '#/components/responses/error' } }
const OBJECT = { 'application/json': { schema: { type: 'object' } } }

function says(
  summary: string,
  more: Partial<Operation> & { readonly tag?: string } = {},
): Operation {
  const { tag = 'node', ...rest } = more
  return {
    tags: [tag],
    summary,
    responses: { 200: { description: 'The answer.', content: OBJECT }, ...ERRORS },
    ...rest,
  }
}

function does(
  summary: string,
  more: Partial<Operation> & { readonly tag?: string } = {},
): Operation {
  return says(summary, { responses: { 204: { description: 'Done.' }, ...ERRORS }, ...more })
}

function query(name: string, description: string): object {
  return { name, in: 'query', description, schema: { type: 'string' } }
}

function jsonBody(properties: object, required: readonly string[]): object {
  return {
    required: true,
    content: { 'application/json': { schema: { type: 'object', properties, required } } },
  }
}

const DECLARATIVE = {
  required: true,
  content: {
    'application/json': {
      schema: {
        type: 'object',
        description: 'A declarative configuration, or `config` with its text.',
      },
    },
    'text/yaml': { schema: { type: 'string' } },
  },
}

/** Of everything that is not about the rows of one kind. */
export const OTHER_OPERATIONS: Readonly<Record<string, Operation>> = {
  'GET /': says('Read what this node is and how it is configured'),
  'GET /status': says('Read connections, memory and whether the database answers', {
    parameters: [query('unit', '`b`, `k`, `m` or `g`'), query('scale', 'Digits behind the point.')],
  }),
  'GET /status/dns': says('Read counts of the DNS client'),
  'GET /timers': says('Read what runs in the background'),
  'GET /endpoints': says('List the paths of this API'),
  'GET /openapi.json': says('Read this description'),
  'GET /robots.txt': {
    tags: ['node'],
    summary: 'Read that nothing is to be indexed',
    responses: { 200: { description: 'The text.', content: { 'text/plain': {} } } },
  },
  'GET /plugins/enabled': says('List the plugins that are loaded', { tag: 'schemas' }),
  'GET /plugins/schema/{name}': says('Read the config of a plugin: use /schemas/plugins/{name}', {
    tag: 'schemas',
  }),
  'GET /schemas/{name}': says('Read the schema of a kind of entity', { tag: 'schemas' }),
  'POST /schemas/{db_entity_name}/validate': says('Check an entity without creating it', {
    tag: 'schemas',
    requestBody: jsonBody({}, []),
  }),
  'GET /schemas/plugins/{name}': says('Read the schema of a plugin', { tag: 'schemas' }),
  'POST /schemas/plugins/validate': says('Check a plugin without creating it', {
    tag: 'schemas',
    requestBody: jsonBody({ name: { type: 'string' } }, ['name']),
  }),
  'GET /schemas/vaults/{name}': says('Read the schema of a vault', { tag: 'schemas' }),
  'POST /schemas/vaults/validate': says('Check a vault without creating it', {
    tag: 'schemas',
    requestBody: jsonBody({ name: { type: 'string' } }, ['name']),
  }),
  'GET /schemas/filters/{name}': says('Always 404: there are no WebAssembly filters', {
    tag: 'schemas',
  }),
  'GET /config': says('Read the whole configuration as a declarative text; without a database', {
    tag: 'config',
  }),
  'POST /config': says('Replace the whole configuration; without a database', {
    tag: 'config',
    parameters: [
      query('check_hash', '`1`: answer 304 where the text is in force already.'),
      query('flatten_errors', '`1`: errors as a list, by entity.'),
      query('positions', '`1`: with lines, columns and hints.'),
    ],
    requestBody: DECLARATIVE,
    responses: { 201: { description: 'All entities by kind and id.', content: OBJECT }, ...ERRORS },
  }),
  'GET /config/history': says('List the versions of the configuration, newest first', {
    tag: 'config',
    parameters: [
      query('size', 'Most versions of a page.'),
      query('offset', 'The version to go on below.'),
    ],
  }),
  'GET /config/history/{version}': says('Read all that a version changed', { tag: 'config' }),
  'POST /config/rollback': says('Put an earlier version in force again', {
    tag: 'config',
    requestBody: jsonBody({ version: { type: 'integer', minimum: 0 } }, ['version']),
  }),
  'POST /explain/route': says('Tell which route would take a request, and why no other', {
    tag: 'explain',
    requestBody: jsonBody({ method: { type: 'string' }, url: { type: 'string' } }, ['url']),
  }),
  'GET /explain': says('List why requests were answered as they were, newest first', {
    tag: 'explain',
    parameters: [
      query('status', 'Only those with this status, such as 401 or 4xx.'),
      query('size', 'Most records of a page.'),
      query('offset', 'Where the page before ended.'),
    ],
  }),
  'GET /explain/{request_id}': says('Tell why a request was answered as it was', {
    tag: 'explain',
    description: 'The first four or more digits of the id that the client got will do.',
  }),
  'POST /explain/token': says('Decide about a token without sending a request', {
    tag: 'explain',
    description: 'By the jwt plugin that is named, that runs on a route or service, or by all.',
    requestBody: jsonBody(
      {
        token: { type: 'string' },
        plugin: { type: 'string' },
        route: { type: 'string' },
        service: { type: 'string' },
      },
      ['token'],
    ),
  }),
  'GET /credentials': says('List credentials of all kinds, with age and last use', {
    tag: 'credentials',
    parameters: [
      query('consumer', 'Only those of this consumer, by id or username.'),
      query('size', 'Most credentials of a page.'),
      query('offset', 'Where the page before ended.'),
    ],
  }),
  'POST /credentials/{credential}/rotate': says('Make a new credential in the place of this one', {
    tag: 'credentials',
    description: 'The old one goes on until the overlap is over.',
    requestBody: jsonBody(
      {
        overlap: {
          type: 'integer',
          minimum: 0,
          default: 604_800,
          description: 'Seconds; 0: the old one ends at once.',
        },
        key: { type: 'string' },
        secret: { type: 'string' },
        password: { type: 'string' },
        client_secret: { type: 'string' },
        rsa_public_key: { type: 'string' },
        algorithm: { type: 'string' },
      },
      [],
    ),
    responses: {
      201: {
        description: 'The new credential with its secret, and what it replaces.',
        content: OBJECT,
      },
      ...ERRORS,
    },
  }),
  'POST /credentials/{credential}/retire': does('End a credential now', {
    tag: 'credentials',
    requestBody: jsonBody(
      {
        which: {
          type: 'string',
          enum: ['previous', 'all'],
          description: 'Must be said where a credential has two secrets.',
        },
      },
      [],
    ),
  }),
  'GET /key-sets/{key_sets}/jwks': says('Read the public halves of the keys of a set', {
    tag: 'key-sets',
    responses: {
      200: {
        description: 'A JSON Web Key Set.',
        content: { 'application/jwk-set+json': { schema: { type: 'object' } } },
      },
      ...ERRORS,
    },
  }),
  'GET /tags': says('List all tags and what bears them', { tag: 'tags' }),
  'GET /tags/{tags}': says('List what bears a tag', { tag: 'tags' }),
  'DELETE /cache': does('Forget what is cached'),
  'GET /cache/{key}': says('Read what is cached under a key'),
  'DELETE /cache/{key}': does('Forget what is cached under a key'),
  'GET /debug/node/log-level': says('Read the log level'),
  'PUT /debug/node/log-level/{log_level}': says('Change the log level for a while', {
    parameters: [query('timeout', 'Seconds until the configured one is back; 0: it stays.')],
  }),
  'PUT /debug/cluster/log-level/{log_level}': says('Change the log level of all nodes for a while'),
  'GET /clustering/data-planes': says('Always 400: there is no hybrid mode'),
  'GET /clustering/status': says('Always 400: there is no hybrid mode'),
  'GET /routes/{routes}/filters/all': says('Always 400: there is no WebAssembly'),
  'GET /routes/{routes}/filters/enabled': says('Always 400: there is no WebAssembly'),
  'GET /routes/{routes}/filters/disabled': says('Always 400: there is no WebAssembly'),
  'GET /upstreams/{upstreams}/health': says('Read how the targets of an upstream do', {
    tag: 'targets',
    parameters: [query('balancer_health', '`1`: how the upstream as a whole does.')],
  }),
  ...Object.fromEntries(
    ['', '/{address}'].flatMap((address) =>
      ['healthy', 'unhealthy'].map((health): [string, Operation] => [
        `PUT /upstreams/{upstreams}/targets/{targets}${address}/${health}`,
        does(`Take ${address === '' ? 'a target' : 'an address of a target'} for ${health}`, {
          tag: 'targets',
        }),
      ]),
    ),
  ),
}

/** Of addresses that a plugin brings; what they do stands on its page. */
export function pluginOperation(path: string): Operation {
  const [, first = ''] = path.split('/')
  return says(`Ask the plugins: see the reference of ${first}`, { tag: 'plugin endpoints' })
}
