/** How statuses combine: every pair, against the rules in words. */
import { describe, expect, test } from 'vitest'
import { LEVEL_STATUSES, type LevelStatus } from '../../src/attestation/collateral/tcb-info.ts'
import { converged, type TcbStatus, withRelaunch } from '../../src/attestation/tcb.ts'

describe('platform and components', () => {
  test('components that are up to date change nothing', () => {
    for (const status of LEVEL_STATUSES) expect(converged(status, ['UpToDate', 'UpToDate'])).toBe(status)
  })

  test('one that is revoked revokes everything', () => {
    for (const status of LEVEL_STATUSES) expect(converged(status, ['OutOfDate', 'Revoked'])).toBe('Revoked')
  })

  test.each<[LevelStatus, LevelStatus]>([
    ['UpToDate', 'OutOfDate'],
    ['SWHardeningNeeded', 'OutOfDate'],
    ['ConfigurationNeeded', 'OutOfDateConfigurationNeeded'],
    ['ConfigurationAndSWHardeningNeeded', 'OutOfDateConfigurationNeeded'],
    ['OutOfDate', 'OutOfDate'],
    ['OutOfDateConfigurationNeeded', 'OutOfDateConfigurationNeeded'],
    ['Revoked', 'Revoked'],
  ])('%s with one that is out of date is %s', (platform, expected) => {
    expect(converged(platform, ['UpToDate', 'OutOfDate'])).toBe(expected)
    expect(converged(platform, ['OutOfDateConfigurationNeeded'])).toBe(expected)
  })
})

describe('launch and now', () => {
  const fine: LevelStatus[] = ['UpToDate', 'SWHardeningNeeded']
  const configured: LevelStatus[] = ['ConfigurationNeeded', 'ConfigurationAndSWHardeningNeeded']

  test('out of date at launch and fine now advises to launch anew', () => {
    for (const now of fine) {
      expect(withRelaunch('OutOfDate', now)).toBe('TDRelaunchAdvised')
      expect(withRelaunch('OutOfDateConfigurationNeeded', now)).toBe('TDRelaunchAdvisedConfigurationNeeded')
    }
    for (const now of configured) expect(withRelaunch('OutOfDate', now)).toBe('TDRelaunchAdvisedConfigurationNeeded')
  })

  test('everything else is as at launch, but a revocation counts whenever it was', () => {
    for (const now of LEVEL_STATUSES) {
      for (const launch of [...fine, ...configured, 'Revoked' as TcbStatus]) {
        expect(withRelaunch(launch, now)).toBe(now === 'Revoked' ? 'Revoked' : launch)
      }
    }
    expect(withRelaunch('OutOfDate', 'OutOfDate')).toBe('OutOfDate')
    expect(withRelaunch('OutOfDate', 'Revoked')).toBe('Revoked')
  })
})
