/** One fenced block of a README that the test acts on. */
export type Block =
  /** Commands to paste into the shell, with the output shown below them. */
  | { readonly kind: 'commands'; readonly commands: string; readonly output?: string }
  /** A command that goes on running in a terminal of its own; ready once its output shows. */
  | {
      readonly kind: 'server'
      readonly name: string
      readonly commands: string
      readonly output?: string
    }
  /** What is to be seen in the terminal of a server. */
  | { readonly kind: 'seen'; readonly server: string; readonly output: string }

const FENCE = /^```(?<info>[^\n`]+)\n(?<text>[\s\S]*?)^```$/gm

/**
 * Reads the blocks of a README in order: `bash`, `bash server=NAME`, `text` (the output of the
 * block before it) and `text server=NAME`. Blocks in other languages are for reading only.
 */
export function readReadme(markdown: string): readonly Block[] {
  const blocks: Block[] = []
  for (const { groups } of markdown.matchAll(FENCE)) {
    const [language, option] = groups!['info']!.trim().split(' ')
    const server = option?.split('server=')[1]
    const text = groups!['text']!.trimEnd()
    if (language === 'bash' && server === undefined)
      blocks.push({ kind: 'commands', commands: text })
    else if (language === 'bash') blocks.push({ kind: 'server', name: server!, commands: text })
    else if (language === 'text' && server !== undefined)
      blocks.push({ kind: 'seen', server, output: text })
    else if (language === 'text') addOutput(blocks, text)
  }
  return blocks
}

function addOutput(blocks: Block[], output: string): void {
  const last = blocks.at(-1)
  if (last === undefined || last.kind === 'seen' || last.output !== undefined)
    throw new Error(`Cannot tell which command printed "${output}": no bash block stands before it`)
  blocks[blocks.length - 1] = { ...last, output }
}

/**
 * A pattern for an output as shown. `…` stands for anything within its line; a line of `…` alone
 * for any lines, or none.
 */
export function outputPattern(shown: string): RegExp {
  const lines = shown.split('\n').map((line) => {
    if (line.trim() === '…') return '(?:.*\\n)*?'
    return `${line.split('…').map(escaped).join('.*')}\\n`
  })
  return new RegExp(`^${lines.join('')}$`)
}

function escaped(text: string): string {
  return text.replaceAll(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}
