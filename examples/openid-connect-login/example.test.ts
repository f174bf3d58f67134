import { followReadme } from '../support/follow-readme.ts'

followReadme(new URL('README.md', import.meta.url))
