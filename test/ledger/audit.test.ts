import { describe, expect, it, vi } from 'vitest'
import { type AuditedProof, auditCheckpoints, logOrigin } from '../../src/ledger/index.ts'
import { createLedgerKey, createSignedLog } from '../support/ledger.ts'
import { buildLog, numbered } from './logs.ts'

const key = createLedgerKey('north')
const origin = logOrigin('north')
const log = buildLog(numbered(20))
const note = (size: number, from = 'a', leaves = numbered(size)) => ({
  from: `${from}/${size}`,
  note: createSignedLog(key, leaves).checkpoint,
})
const proof = (smaller: number, larger: number, hashes = log.consistency(smaller, larger)): AuditedProof => ({
  from: `${smaller}-${larger}`,
  smaller,
  larger,
  hashes,
})
const audit = (notes: Parameters<typeof auditCheckpoints>[1], proofs: readonly AuditedProof[]) =>
  auditCheckpoints({ origin, key: key.verifier }, notes, proofs)

describe('checkpoints of several witnesses', () => {
  it('are of one history where proofs lead from each to each', () => {
    const notes = [note(0), note(4), note(9, 'b'), note(4, 'b'), note(20, 'b')]
    const { findings, checkpoints, groups, proofs } = audit(notes, [proof(4, 9), proof(9, 20)])
    expect(findings).toEqual([])
    expect(checkpoints.map(({ size }) => size)).toEqual([0, 4, 9, 20])
    expect(groups).toEqual([[4, 9, 20]])
    expect(proofs).toBe(2)
  })

  it('are joined in whatever order the proofs come, at a cost that hardly grows with it', () => {
    const sizes = Array.from({ length: 128 }, (_, i) => i + 1)
    const long = buildLog(numbered(128))
    const notes = sizes.map((size) => note(size))
    const proofs = sizes.slice(1).map((size) => proof(size - 1, size, long.consistency(size - 1, size)))
    for (const order of [proofs, proofs.toReversed()]) {
      const moved = vi.spyOn(Set.prototype, 'add')
      const { groups } = audit(notes, order)
      const moves = moved.mock.calls.length
      moved.mockRestore()
      expect(groups).toEqual([sizes])
      expect(moves).toBeLessThan(128 * Math.log2(128))
    }
  })

  it('are neither refuted nor shown without a proof', () => {
    expect(audit([note(4), note(9), note(12)], [proof(4, 12)])).toMatchObject({ findings: [], groups: [[4, 12], [9]] })
    expect(audit([note(4), note(9)], [proof(4, 12)])).toMatchObject({ findings: [], proofs: 0, groups: [[4], [9]] })
  })

  it('are refuted by another root of the same size', () => {
    const { findings } = audit([note(4), note(4, 'b', numbered(4, 'another'))], [])
    expect(findings).toMatchObject([{ code: 'LEDGER_FORKED', text: expect.stringContaining('a/4') }])
  })

  it('are refuted by a proof that leads elsewhere', () => {
    const { findings, groups } = audit([note(4), note(9, 'b', numbered(9, 'another'))], [proof(4, 9)])
    expect(findings).toMatchObject([{ code: 'LEDGER_INCONSISTENT' }])
    expect(groups).toEqual([[4], [9]])
  })

  it('have to be signed by the log', () => {
    const other = { from: 'c', note: createSignedLog(createLedgerKey('north'), numbered(4)).checkpoint }
    const none = { from: 'd', note: new Uint8Array(5) }
    expect(audit([note(4), other, none], []).findings.map(({ code }) => code)).toEqual([
      'LEDGER_NOTE_UNSIGNED',
      'LEDGER_NOTE_MALFORMED',
    ])
  })
})
