import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, it, onTestFinished } from 'vitest'
import { makeFolder } from './prefix-layout.ts'

describe('makeFolder', () => {
  it('makes what is missing, and takes what is there', () => {
    const above = mkdtempSync(path.join(tmpdir(), 'portunus-'))
    onTestFinished(() => rmSync(above, { recursive: true }))
    for (let time = 0; time < 2; time += 1) makeFolder(path.join(above, 'a/b'))
    expect(existsSync(path.join(above, 'a/b'))).toBe(true)
    writeFileSync(path.join(above, 'file'), '')
    expect(() => makeFolder(path.join(above, 'file'))).toThrow(/EEXIST/)
  })

  it.skipIf(!existsSync('/proc/self'))('gives up where none can be made', () => {
    expect(() => makeFolder('/proc/nowhere/prefix')).toThrow(/mkdir '\/proc\/nowhere'/)
  })
})
