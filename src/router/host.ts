/** A Host header or a configured host, taken apart. */
export interface HostParts {
  /** With brackets if it is an IPv6 address. */
  readonly name: string
  readonly port: number | undefined
}

/** Splits a port off; what is no port stays part of the name, so it matches nothing by accident. */
export function splitHost(host: string): HostParts {
  const colon = portColon(host)
  if (colon === -1) return { name: host, port: undefined }
  return { name: host.slice(0, colon), port: Number(host.slice(colon + 1)) }
}

/** The part before the port. */
export function hostName(host: string): string {
  return host.slice(0, hostNameLength(host))
}

export function hostNameLength(host: string): number {
  const colon = portColon(host)
  return colon === -1 ? host.length : colon
}

/** The port a Host header names, or `undefined`. */
export function hostPort(host: string): number | undefined {
  const colon = portColon(host)
  return colon === -1 ? undefined : Number(host.slice(colon + 1))
}

/** @returns position of the colon before a decimal port, or -1 */
function portColon(host: string): number {
  const colon = host.charCodeAt(0) === OPENING ? host.indexOf(']:') + 1 : host.indexOf(':')
  if (colon <= 0 || colon === host.length - 1) return -1
  for (let at = colon + 1; at < host.length; at += 1) {
    const code = host.charCodeAt(at)
    if (code < 48 || code > 57) return -1
  }
  return colon
}

const OPENING = 91

/** How a configured host compares. */
export type HostPattern = {
  readonly kind: 'exact' | 'suffix' | 'prefix'
  readonly text: string
  readonly port: number | undefined
}

/** `*.x` compares the end of a name, `x.*` its beginning, anything else the whole. */
export function hostPattern(host: string): HostPattern {
  const { name, port } = splitHost(host)
  if (name.startsWith('*')) return { kind: 'suffix', text: name.slice(1), port }
  if (name.endsWith('*')) return { kind: 'prefix', text: name.slice(0, -1), port }
  return { kind: 'exact', text: name, port }
}

export function nameFits(name: string, { kind, text }: HostPattern): boolean {
  if (kind === 'exact') return name === text
  return kind === 'suffix' ? name.endsWith(text) : name.startsWith(text)
}
