/** A file that must be refused, and what has to be said about it: one line for each violation. */
export interface BrokenConfig {
  readonly name: string
  readonly yaml: string
  /** `line:column: path: message` as the command prints them behind the file's name. */
  readonly says: readonly string[]
}

const service = (more: string): string => `_format_version: "3.0"
services:
- name: api
  host: localhost
${more}`

const plugin = (config: string): string => `_format_version: "3.0"
plugins:
- name: jwt
  config:
${config}`

export const BROKEN_CONFIGS: readonly BrokenConfig[] = [
  {
    name: 'has no version',
    yaml: 'services: []\n',
    says: ['1:1: _format_version: required field missing'],
  },
  {
    name: 'has a version that is a number',
    yaml: '_format_version: 3.0\n',
    says: ['1:18: _format_version: expected a string (put it in quotes: "3.0")'],
  },
  {
    name: 'has a version of the future',
    yaml: '_format_version: "4.0"\n',
    says: ['1:18: _format_version: expected one of: 1.1, 2.1, 3.0'],
  },
  {
    name: 'is a list',
    yaml: '- a\n- b\n',
    says: ['expected an object'],
  },
  {
    name: 'is not YAML',
    yaml: '_format_version: "3.0"\nservices: [\n',
    says: ['3:1'],
  },
  {
    name: 'is indented with a tab',
    yaml: '_format_version: "3.0"\nservices:\n\t- name: a\n',
    says: ['3:1'],
  },
  {
    name: 'has an unknown entity',
    yaml: '_format_version: "3.0"\nservises: []\n',
    says: ['2:1: servises: unknown field (did you mean services?)'],
  },
  {
    name: 'misspells a field of a plugin',
    yaml: plugin('    key_claim_nam: kid\n'),
    says: ['5:5: plugins[0].config.key_claim_nam: unknown field (did you mean key_claim_name?)'],
  },
  {
    name: 'misspells a choice',
    yaml: plugin('    claims_to_verify: [expp]\n'),
    says: [
      '5:24: plugins[0].config.claims_to_verify[0]: expected one of: exp, nbf (did you mean exp?)',
    ],
  },
  {
    name: 'uses a plugin that does not exist',
    yaml: '_format_version: "3.0"\nplugins:\n- name: jwtt\n',
    says: ["3:9: plugins[0].name: plugin 'jwtt' not enabled"],
  },
  {
    name: 'has a port beyond all ports',
    yaml: service('  port: 70000\n'),
    says: ['5:9: services[0].port: value should be between 0 and 65535'],
  },
  {
    name: 'has a port in quotes',
    yaml: service('  port: "80"\n'),
    says: ['5:9: services[0].port: expected an integer'],
  },
  {
    name: 'has a service without a host',
    yaml: '_format_version: "3.0"\nservices:\n- name: api\n',
    says: ['3:3: services[0].host: required field missing'],
  },
  {
    name: 'has a route that matches nothing',
    yaml: service('  routes:\n  - name: r\n'),
    says: [
      "6:5: services[0].routes[0]: must set one of 'methods', 'hosts', 'headers', 'paths', 'snis'",
    ],
  },
  {
    name: 'has a path without a slash',
    yaml: service('  routes:\n  - name: r\n    paths: [v1]\n'),
    says: ['7:13: services[0].routes[0].paths[0]: should start with: /'],
  },
  {
    name: 'has a regular expression that is none',
    yaml: service('  routes:\n  - name: r\n    paths: ["~/a(b"]\n'),
    says: ['7:13: services[0].routes[0].paths[0]: invalid regex'],
  },
  {
    name: 'refers to a service that is not there',
    yaml: `${service('')}routes:\n- name: r\n  paths: [/]\n  service: apii\n`,
    says: ["8:12: routes[0].service: invalid reference 'service: apii'"],
  },
  {
    name: 'has a name twice',
    yaml: `${service('')}- name: api\n  host: localhost\n`,
    says: [
      "5:9: services[1].name: uniqueness violation: 'services' entity with name set to 'api' already declared",
    ],
  },
  {
    name: 'has a consumer without a name',
    yaml: '_format_version: "3.0"\nconsumers:\n- tags: [a]\n',
    says: [
      "3:3: consumers[0]: at least one of these fields must be non-empty: 'custom_id', 'username'",
    ],
  },
  {
    name: 'has an RS256 credential without its key',
    yaml: `_format_version: "3.0"
consumers:
- username: login
  jwt_secrets:
  - key: k
    algorithm: RS256
`,
    says: ['consumers[0].jwt_secrets[0].rsa_public_key: required field missing'],
  },
  {
    name: 'has a tag with a comma',
    yaml: service('  tags: ["a,b"]\n'),
    says: ["5:10: services[0].tags[0]: invalid tag 'a,b'"],
  },
  {
    name: 'has many faults at once',
    yaml: `_format_version: "3.0"
services:
- name: one
  host: localhost
  retries: -1
- name: two
  port: x
consumers:
- {}
`,
    says: [
      '5:12: services[0].retries: value should be between 0 and 32767',
      '6:3: services[1].host: required field missing',
      '7:9: services[1].port: expected an integer',
      '9:3: consumers[0]: at least one of these fields must be non-empty',
    ],
  },
]
