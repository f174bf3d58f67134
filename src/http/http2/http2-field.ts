/** A field as HPACK carries it; one that came by its number is the same object each time. */
export class Http2Field {
  readonly name: string
  readonly value: string
  /** What a reader made of it; 0: nothing yet. See {@link requestFieldKind}. */
  kind = 0
  /** The same of a reader of responses. See {@link responseFieldKind}. */
  responseKind = 0

  /** Both a character a byte. */
  constructor(name: string, value: string) {
    this.name = name
    this.value = value
  }

  /** What it counts in a table or list. @see RFC 7541 §4.1 */
  get size(): number {
    return this.name.length + this.value.length + 32
  }
}
