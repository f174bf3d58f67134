import type { Rule } from './rule.ts'

/** Keys that stand twice in one place: the value of the last alone counts, the others are lost. */
export const repeatedKey: Rule = {
  code: 'repeated-key',
  find: ({ repeatedKeys }) =>
    repeatedKeys.map(({ name, line, column, lineBefore }) => ({
      line: line + 1,
      column: column + 1,
      message: `"${name}" stands here again: what line ${lineBefore + 1} says of it is lost`,
      fix: 'put both under one key, or leave one out',
    })),
}
