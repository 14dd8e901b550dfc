import { expect, test } from 'vitest'
import { createMemory } from '../../../parties/collateral/memory.ts'
import { readCollateral } from '../../../parties/collateral/form.ts'
import { START, tdx } from './setting.ts'

const found = { ...readCollateral(tdx.collateralJson()), fetched: START }
const kept = (number: number, json = String(number)) => {
  const platform = { ...found.platform, fmspc: number.toString(16).padStart(12, '0') }
  return { ...found, platform, json, collateral: { ...found.collateral } }
}

test('holds 64 platforms; the one put first goes, and who is put again is last', () => {
  const memory = createMemory()
  for (let number = 0; number < 64; number += 1) memory.put(kept(number))
  memory.put(kept(0, 'renewed'))
  memory.put(kept(64))
  expect(memory.get(kept(1).platform)).toBeUndefined()
  for (const number of [0, 2, 63, 64]) expect(memory.get(kept(number).platform)).toBeDefined()
  memory.delete(kept(2).platform)
  expect(memory.get(kept(2).platform)).toBeUndefined()
})

test('the same text keeps its object, another text has another', () => {
  const memory = createMemory()
  const first = memory.put(kept(1))
  expect(memory.put({ ...kept(1), fetched: START + 1 })).toEqual({ ...first, fetched: START + 1 })
  expect(memory.get(first.platform)?.collateral).toBe(first.collateral)
  expect(memory.put(kept(1, 'other')).collateral).not.toBe(first.collateral)
})
