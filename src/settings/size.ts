const UNITS: Readonly<Record<string, number>> = { '': 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3 }

/** @returns bytes of `0`, `8k`, `10m` or `1g`; nothing for anything else */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+)([kmg]?)$/i.exec(text.trim())
  return match === null ? undefined : Number(match[1]) * UNITS[match[2]!.toLowerCase()]!
}

const SECONDS: Readonly<Record<string, number>> = {
  ms: 0.001,
  '': 1,
  s: 1,
  m: 60,
  h: 3600,
  d: 86400,
  w: 604800,
  M: 2592000,
  y: 31536000,
}

/** @returns milliseconds of nginx's `75s`, `1h 30m`, `500ms`, `60`; nothing for anything else */
export function parseDuration(text: string): number | undefined {
  const parts = text.trim().split(/\s+(?=\d)/)
  let ms = 0
  for (const part of parts) {
    for (const piece of part.match(/\d+[a-zA-Z]*/g) ?? ['']) {
      const match = /^(\d+)(ms|[smhdwMy]?)$/.exec(piece)
      if (match === null) return undefined
      ms += Number(match[1]) * SECONDS[match[2]!]! * 1000
    }
  }
  return ms
}
