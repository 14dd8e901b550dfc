import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { Secret } from '../../src/crypto/index.ts'

test('a secret is shown to whoever asks for it by name, and to nobody else', () => {
  const key = new Secret('-----BEGIN PRIVATE KEY-----')
  expect(key.reveal()).toBe('-----BEGIN PRIVATE KEY-----')
  const shown = [
    String(key),
    `${key}`,
    JSON.stringify({ key }),
    inspect({ key }),
    inspect(key, { showHidden: true, depth: 9 }),
  ]
  for (const text of shown) {
    expect(text).toContain('[secret]')
    expect(text).not.toContain('BEGIN')
  }
})
