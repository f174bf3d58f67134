import type { Command } from './command.ts'
export const demo: Command = { usage: '', options: {}, async run() {} }
