import { re2 } from '../base/late-modules.ts'

/** A configured regular expression, ready to be tried on what clients send. */
export interface Pattern {
  /** Texts of more UTF-16 units are not tried: they never match. `Infinity` where all are. */
  readonly longestText: number
  /** Whether it matches anywhere in the text. */
  isFoundIn(text: string): boolean
  /** The first part of the text that it matches. */
  firstIn(text: string): string | undefined
  /** Whether it matches the text from its first letter to its last. */
  matchesWhole(text: string): boolean
}

/** Longer texts are not tried with a pattern whose matching may take exponential time. */
const BACKTRACKING_LIMIT = 2048

/**
 * Compiles a pattern as an operator writes it, in PCRE's grammar. What RE2 can do runs in linear
 * time whatever the text. Look-around and back-references need JavaScript's engine; since a text
 * could make that one run for ever, long texts never match.
 *
 * @throws {SyntaxError} when neither engine understands it
 */
export function compilePattern(text: string): Pattern {
  return linearPattern(text) ?? backtrackingPattern(text)
}

/** The message for a text that is not a regular expression; for schemas. */
export function patternFault(text: string): string | undefined {
  try {
    compilePattern(text)
    return undefined
  } catch {
    // Why does not matter to Kong's message.
    return `not a valid regex: ${text}`
  }
}

function linearPattern(text: string): Pattern | undefined {
  try {
    const compiled = re2().compile(text)
    return {
      longestText: Infinity,
      isFoundIn: (subject) => compiled.matcher(subject).find(),
      firstIn(subject) {
        const matcher = compiled.matcher(subject)
        return matcher.find() ? (matcher.group() ?? undefined) : undefined
      },
      matchesWhole: (subject) => compiled.matches(subject),
    }
  } catch {
    // Not RE2's grammar; the other engine decides.
    return undefined
  }
}

function backtrackingPattern(text: string): Pattern {
  const found = new RegExp(text, 'u')
  const whole = new RegExp(`^(?:${text})$`, 'u')
  const isShort = (subject: string): boolean => subject.length <= BACKTRACKING_LIMIT
  return {
    longestText: BACKTRACKING_LIMIT,
    isFoundIn: (subject) => isShort(subject) && found.test(subject),
    firstIn: (subject) => (isShort(subject) ? found.exec(subject)?.[0] : undefined),
    matchesWhole: (subject) => isShort(subject) && whole.test(subject),
  }
}
