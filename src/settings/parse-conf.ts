/** One `key = value` of a file. */
export interface ConfEntry {
  readonly name: string
  readonly value: string
  /** 1-based. */
  readonly line: number
}

export interface ConfText {
  readonly entries: readonly ConfEntry[]
  /** Lines that are neither a comment nor `key = value`. */
  readonly strayLines: readonly number[]
}

/**
 * Reads the syntax of `kong.conf`: `key = value` lines, `#` comments also behind a value, `\#` for a
 * literal `#`, a `\` at the end of a line that continues it, values in quotes. The last of several
 * lines for one key counts.
 */
export function parseConf(text: string): ConfText {
  const entries: ConfEntry[] = []
  const strayLines: number[] = []
  for (const { text: content, line } of logicalLines(text)) {
    const separator = content.indexOf('=')
    if (separator > 0)
      entries.push({
        name: content.slice(0, separator).trim(),
        value: unquoted(content.slice(separator + 1).trim()),
        line,
      })
    else if (content !== '' && !content.startsWith('[')) strayLines.push(line)
  }
  return { entries, strayLines }
}

/** The reverse of reading one value. */
export function formatConfValue(value: string): string {
  // Quotes around it keep what trimming, unquoting and continuing would take from its ends.
  const isQuoted = /^["'\s]|[\s\\]$/.test(value)
  const lines = value.replaceAll('#', String.raw`\#`).replaceAll('\n', '\\\n')
  return isQuoted ? `"${lines}"` : lines
}

function* logicalLines(text: string): Generator<{ readonly text: string; readonly line: number }> {
  let pending = ''
  let start = 0
  for (const [index, raw] of text.split(/\r?\n/).entries()) {
    if (pending === '') start = index + 1
    const content = withoutComment(raw)
    if (content.endsWith('\\')) {
      pending += `${content.slice(0, -1)}\n`
      continue
    }
    yield { text: (pending + content).trim(), line: start }
    pending = ''
  }
  if (pending !== '') yield { text: pending.trim(), line: start }
}

function withoutComment(line: string): string {
  const comment = /(?:^|[^\\])#/.exec(line)
  const end = comment === null ? line.length : comment.index + comment[0].length - 1
  return line
    .slice(0, end)
    .replaceAll(String.raw`\#`, '#')
    .trimEnd()
}

function unquoted(value: string): string {
  const quote = value[0]
  const isQuoted = value.length > 1 && (quote === '"' || quote === "'") && value.endsWith(quote)
  return isQuoted ? value.slice(1, -1) : value
}
