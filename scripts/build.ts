import { rmSync } from 'node:fs'
import { runStep } from './steps.ts'

/** Compiles `src/` to `dist/`, file by file: stack traces name the file one would open. */
rmSync('dist', { recursive: true, force: true })
const isBuilt = await runStep({ name: 'build', command: ['tsc', '-p', 'tsconfig.build.json'] })
if (!isBuilt) process.exit(1)
