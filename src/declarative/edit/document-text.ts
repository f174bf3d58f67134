import { type Document, parseDocument, type ScalarTag, type Tags, type ToStringOptions } from 'yaml'
import { escapeJson, needsEscapes, writeEscaped } from '../yaml/write-yaml.ts'
import { keepLines } from './keep-lines.ts'

/** Why a text cannot be changed and all else in it left as it is; for whoever wrote it. */
export class EditFault extends Error {
  override readonly name = 'EditFault'
}

/** A text as a tree that keeps comments, order and style. */
export interface DocumentText {
  readonly document: Document
  /**
   * Texts that say what the tree says, the one that changes least of the layout first. Whether the
   * first says it is to be seen; the last does.
   */
  write(): readonly string[]
}

/** @throws {EditFault} for a text that cannot be kept as it is */
export function readDocumentText(text: string): DocumentText {
  const document = parseDocument(text, {
    version: '1.1',
    merge: true,
    uniqueKeys: false,
    customTags: (tags) => tags.map(withEscapes),
  })
  const [fault] = document.errors
  if (fault !== undefined) throw new EditFault(fault.message.split('\n', 1)[0])
  const asText = isJson(text)
    ? () => escapeJson(JSON.stringify(document.toJS(), null, jsonIndent(text))) + finalLineEnd(text)
    : () => document.toString(yamlStyle(text))
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n'
  const before = asText()
  return {
    document,
    write() {
      const after = asText()
      const kept = keepLines(text.replaceAll('\r\n', '\n'), before, after)
      const texts = kept === undefined ? [after] : [kept, after]
      return texts.map((written) => written.replaceAll(/\r?\n/g, lineEnd))
    },
  }
}

/** Texts with letters that may not stand in YAML as they are get quotes and numbers. */
function withEscapes(tag: Tags[number]): Tags[number] {
  if (typeof tag !== 'object' || tag.tag !== 'tag:yaml.org,2002:str') return tag
  const { stringify } = tag as ScalarTag
  const escaping: ScalarTag = {
    ...(tag as ScalarTag),
    stringify: (item, ...more) =>
      // Lines and tabs have better ways.
      typeof item.value === 'string' && needsEscapes(item.value.replaceAll(/[\n\t]/g, ''))
        ? writeEscaped(item.value)
        : stringify!(item, ...more),
  }
  return escaping
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    // YAML, then.
    return false
  }
}

function jsonIndent(text: string): string | number {
  return /^[[{]\r?\n([ \t]+)/.exec(text)?.[1] ?? (text.trimEnd().includes('\n') ? 2 : 0)
}

function finalLineEnd(text: string): string {
  return text.endsWith('\n') ? '\n' : ''
}

/** What the writer is to do as the text does. */
function yamlStyle(text: string): ToStringOptions {
  const list = /^([\w-]+):[ \t]*(?:#.*)?\r?\n((?:[ \t]*(?:#.*)?\r?\n)*)([ ]*)- /m.exec(text)
  const indent = /^[\w-]+:[ \t]*(?:#.*)?\r?\n([ ]{2,8})\S/m.exec(text)?.[1]?.length
  return {
    lineWidth: 0,
    minContentWidth: 0,
    indent: indent ?? 2,
    indentSeq: list === null || list[3] !== '',
    flowCollectionPadding: !/[{[][^\s}\]]/.test(text.replaceAll(/#.*|"[^"\n]*"|'[^'\n]*'/g, '')),
    singleQuote: /:\s+'/.test(text) && !/:\s+"/.test(text),
  }
}
