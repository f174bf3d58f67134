import type { Command } from './command.ts'

const GATE = `Portunus, keeper of gates.

          _____________
         /____________/|
        | _   ___   _ ||
        || |_/   \\_| |||
        ||  _  |  _  |||
        || | | | | | |||
        || | | o | | |||
        ||_|_|_|_|_|_|||
        |_____________|/
`

/** Kong's joke has a place here too. */
export const roar: Command = {
  usage: `Usage: portunus roar

Show the gate.

Options:
`,
  options: {},

  async run({ output }) {
    output.raw(`${GATE}\n`)
  },
}
