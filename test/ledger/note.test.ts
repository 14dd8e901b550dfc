import { createPublicKey, generateKeyPairSync } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it, test } from 'vitest'
import { Secret } from '../../src/crypto/index.ts'
import {
  addSignature,
  createSigner,
  createVerifier,
  openNote,
  parseSignerKey,
  parseVerifierKey,
  signerKey,
  signNote,
  verifierKey,
} from '../../src/ledger/index.ts'
import { ledgerRefusal } from './refusals.ts'
import { enoch, noteText as text, peter } from './vectors.ts'

const encode = (note: string): Uint8Array => new TextEncoder().encode(note)
const decode = (note: Uint8Array): string => new TextDecoder().decode(note)
const peterSigner = parseSignerKey(new Secret(peter.signer))
const peterKey = parseVerifierKey(peter.verifier)
const enochKey = parseVerifierKey(enoch.verifier)
const both = `${text}\n${peter.line}${enoch.line}`

/** Every part of a key, and every key with one character replaced by the next one. */
function manglings(key: string): string[] {
  const parts = [...key].flatMap((_, start) => [...key].map((_, at) => key.slice(start, at + 1)))
  const next = [...key].map(
    (each, at) => key.slice(0, at) + String.fromCharCode(each.charCodeAt(0) + 1) + key.slice(at + 1),
  )
  return [...parts, ...next].filter((each) => each !== key)
}

describe('keys', () => {
  it('are read and written as sumdb/note has them', () => {
    expect(verifierKey(peterKey)).toBe(peter.verifier)
    expect(verifierKey(peterSigner.verifier)).toBe(peter.verifier)
    expect({ name: peterKey.name, id: peterKey.id }).toEqual({ name: 'PeterNeumann', id: 'c74f20a3' })
  })

  it('go through text and back, and do not show what is secret', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    const secret = signerKey('log.example/1', privateKey)
    expect(String(secret)).toBe('[secret]')
    const signer = parseSignerKey(secret)
    expect(signer.verifier.id).toBe(createVerifier('log.example/1', publicKey).id)
    expect(openNote(signNote(text, [signer]), [createVerifier('log.example/1', publicKey)]).text).toBe(text)
    expect(JSON.stringify(signer)).not.toContain(secret.reveal().slice(-44))
  })

  it('are refused in every mangling (the cases of sumdb/note)', () => {
    const keys = manglings(peter.verifier)
    expect(keys.length).toBeGreaterThan(2000)
    for (const key of keys) ledgerRefusal(() => parseVerifierKey(key), 'LEDGER_NOTE_KEY')
    for (const key of manglings(peter.signer)) {
      const message = ledgerRefusal(() => parseSignerKey(new Secret(key)), 'LEDGER_NOTE_KEY')
      expect(message).not.toContain('AYEKFALV')
    }
  })

  it.each([
    ['a key that is too long', 'PeterNeumann+cc469956+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TWBADKEY=='],
    ['an unknown type', 'PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW'],
    ['a very long text', `PeterNeumann+c74f20a3+${'A'.repeat(100_000)}`],
  ])('are refused: %s', (_, key) => {
    ledgerRefusal(() => parseVerifierKey(key), 'LEDGER_NOTE_KEY')
  })

  it('have a name without spaces and plus, and are Ed25519', () => {
    const { privateKey, publicKey } = generateKeyPairSync('ed25519')
    for (const name of ['', 'a b', 'a+b', 'a\u2003b', 'a\u00a0b', 'a\nb', 'a\u0000', 'a\ud800', 'x'.repeat(256)]) {
      ledgerRefusal(() => createVerifier(name, publicKey), 'LEDGER_NOTE_KEY')
    }
    ledgerRefusal(() => createVerifier('a', generateKeyPairSync('x25519').publicKey), 'LEDGER_NOTE_KEY')
    ledgerRefusal(() => createSigner('a', createPublicKey(privateKey)), 'LEDGER_NOTE_KEY')
    ledgerRefusal(() => createSigner('a', generateKeyPairSync('x25519').privateKey), 'LEDGER_NOTE_KEY')
  })
})

describe('signing', () => {
  it('gives the note of sumdb/note', () => {
    expect(decode(signNote(text, [peterSigner]))).toBe(`${text}\n${peter.line}`)
  })

  it('replaces the own signature and keeps the others', () => {
    const wrong = '— PeterNeumann x08gowAA\n'
    expect(decode(addSignature(encode(`${text}\n${wrong}${enoch.line}`), peterSigner))).toBe(
      `${text}\n${enoch.line}${peter.line}`,
    )
  })

  it.each(['', 'abc', 'a\tb\n', 'a\r\n', 'a\0\n', '\ud800\n'])('does not sign %j', (bad) => {
    ledgerRefusal(() => signNote(bad, [peterSigner]), 'LEDGER_NOTE_MALFORMED')
  })
})

test('a text cannot bring signatures of its own', () => {
  const trick = `${text}\n${peter.line.slice(0, -1)}`
  ledgerRefusal(() => signNote(trick, []), 'LEDGER_NOTE_MALFORMED')
})

describe('opening', () => {
  it('tells who signed, and passes over keys that are not known', () => {
    expect(openNote(encode(both), [peterKey])).toEqual({ text, signers: [peterKey] })
    expect(openNote(encode(both), [peterKey, enochKey])).toEqual({ text, signers: [peterKey, enochKey] })
  })

  it('counts a key once, however often it signed', () => {
    expect(openNote(encode(`${text}\n${peter.line.repeat(100)}`), [peterKey]).signers).toEqual([peterKey])
  })

  it('goes by the last blank line, and keeps the text to the byte', () => {
    const own = 'a\n\n\nò \u{1f600}\n\n'
    expect(openNote(signNote(own, [peterSigner]), [peterKey]).text).toBe(own)
    const marked = '\ufeffa\n'
    expect(openNote(signNote(marked, [peterSigner]), [peterKey]).text).toBe(marked)
  })

  it('is refused where nobody known signed', () => {
    ledgerRefusal(() => openNote(encode(both), []), 'LEDGER_NOTE_UNSIGNED')
    ledgerRefusal(() => openNote(encode(`${text}\n${enoch.line}`), [peterKey]), 'LEDGER_NOTE_UNSIGNED')
    // The same name with another ID, and the same ID with another name, are other keys.
    const renamed = peter.line.replace('PeterNeumann', 'CarmenSandiego')
    ledgerRefusal(() => openNote(encode(`${text}\n${renamed}`), [peterKey]), 'LEDGER_NOTE_UNSIGNED')
    ledgerRefusal(
      () => openNote(encode(`${text}\n${peter.line.replace('x08g', 'xxxx')}`), [peterKey]),
      'LEDGER_NOTE_UNSIGNED',
    )
  })

  it('is refused where a known key did not sign this, though another one did', () => {
    const changed = encode(both.replace('answer', 'Answer'))
    ledgerRefusal(() => openNote(changed, [peterKey]), 'LEDGER_NOTE_SIGNATURE')
    const [head, tail] = [peter.line.slice(0, 60), peter.line.slice(60)]
    const longer = encode(`${text}\n${enoch.line}${head}ABCD${tail}`)
    ledgerRefusal(() => openNote(longer, [peterKey, enochKey]), 'LEDGER_NOTE_SIGNATURE')
    const second = encode(`${text}\n${peter.line}${head}ABCD${tail}`)
    ledgerRefusal(() => openNote(second, [peterKey]), 'LEDGER_NOTE_SIGNATURE')
  })

  it('is refused with a key that is given twice', () => {
    ledgerRefusal(() => openNote(encode(both), [peterKey, enochKey, peterKey]), 'LEDGER_NOTE_KEY')
  })

  it.each<[string, string | Uint8Array]>([
    ['no signature', text],
    ['no signature line', `${text}\n`],
    ['no last line break', `${text}\n${peter.line.slice(0, -1)}`],
    ['no last line break after a good signature', both.slice(0, -1)],
    ['a line after the signatures', `${text}\n${peter.line}Unexpected line.\n`],
    ['a blank line after the signatures', `${text}\n${peter.line}\n`],
    ['a control character', `\u0001${text}\n${peter.line}`],
    ['a carriage return', `${text}\n${peter.line}`.replaceAll('\n', '\r\n')],
    ['not UTF-8', Uint8Array.of(0xff, ...encode(`${text}\n${peter.line}`))],
    ['a name of two words', `${text}\n${peter.line.replace('PeterNeumann', 'Bad Name')}`],
    ['a name with a plus', `${text}\n${peter.line}${enoch.line.replace('EnochRoot', 'Enoch+Root')}`],
    ['a name with a wide space', `${text}\n${peter.line}${enoch.line.replace('EnochRoot', 'Enoch\u2003Root')}`],
    ['another dash', `${text}\n${peter.line.replace('—', '-')}`],
    ['two spaces', `${text}\n${peter.line.replace(' ', '  ')}`],
    ['Base64 with a space', `${text}\n${peter.line.replace('=\n', '= \n')}`],
    ['Base64 without padding', `${text}\n${peter.line.replace('=\n', '\n')}`],
    ['Base64 with stray bits', `${text}\n${peter.line.replace('nAM=', 'nAN=')}`],
    ['Base64 of another alphabet', `${text}\n${peter.line.replace('/', '_')}`],
    ['an ID without a signature', `${text}\n— PeterNeumann x08gow==\n`],
    ['129 signatures', `${text}\n${peter.line.repeat(129)}`],
    ['70,000 bytes', `${'a'.repeat(70_000)}\n\n${peter.line}`],
  ])('is refused for form: %s', (_, note) => {
    const bytes = typeof note === 'string' ? encode(note) : note
    ledgerRefusal(() => openNote(bytes, [peterKey]), 'LEDGER_NOTE_MALFORMED')
  })
})

test('no byte of a note can be changed, cut or added without a refusal', () => {
  const note = signNote(text, [peterSigner])
  const opens = (bytes: Uint8Array): boolean => {
    try {
      return openNote(bytes, [peterKey]).signers.length > 0
    } catch {
      return false
    }
  }
  expect(opens(note)).toBe(true)
  fc.assert(
    fc.property(fc.nat(note.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
      expect(opens(note.map((each, index) => (index === at ? each ^ change : each)))).toBe(false)
      expect(opens(note.subarray(0, at))).toBe(false)
      expect(opens(Uint8Array.of(...note.subarray(0, at), change, ...note.subarray(at)))).toBe(false)
    }),
  )
})
