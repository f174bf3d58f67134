import { runStep, type Step } from './steps.ts'

/** Everything that is checked besides behaviour, quickest first. */
const STEPS: readonly Step[] = [
  { name: 'format', command: ['oxfmt', '--check'] },
  { name: 'rooms', command: ['node', 'scripts/check-rooms.ts'] },
  { name: 'bugs, size, names', command: ['oxlint', '--deny-warnings'] },
  { name: 'types', command: ['tsc', '--noEmit'] },
  { name: 'dead code, unused dependencies', command: ['knip'] },
  { name: 'generated files fresh', command: ['node', 'scripts/generate.ts', '--check'] },
  { name: 'package', command: ['node', 'scripts/check-package.ts'] },
]

const failed: string[] = []
for (const step of STEPS) {
  console.log(`\n— ${step.name}: ${step.command.join(' ')}`)
  if (!(await runStep(step))) failed.push(step.name)
}
if (failed.length > 0) {
  console.error(`\nFailed: ${failed.join('; ')}`)
  process.exit(1)
}
console.log('\nAll checks passed')
