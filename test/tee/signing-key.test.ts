/** Deterministic ECDSA against the published vectors, and against OpenSSL. */
import { createPublicKey, verify } from 'node:crypto'
import { expect, test } from 'vitest'
import { createSigningKey } from '../../src/tee/simulator/index.ts'

const secret = 0xc9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721n

// RFC 6979, appendix A.2.5: P-256 with SHA-256.
test.each([
  [
    'sample',
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716',
    'f7cb1c942d657c41d436c7a1b6e29f65f3e900dbb9aff4064dc4ab2f843acda8',
  ],
  [
    'test',
    'f1abb023518351cd71d881567b1ea663ed3efcf6c5132b354f28d3b0b7d38367',
    '019f4113742a2b14bd25926b49c649155f267e60d3814b4c0cc84250e46f0083',
  ],
])('RFC 6979 signs %j as published', (message, r, s) => {
  const signature = createSigningKey(secret).sign(Buffer.from(message))
  expect(Buffer.from(signature).toString('hex')).toBe(r + s)
})

test('the public point is that of the vectors', () => {
  expect(Buffer.from(createSigningKey(secret).point).toString('hex')).toBe(
    '60fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb6' +
      '7903fe1008b8bc99a41ae9e95628bc64f2f1b20c2d7e9f5177a3c294d4462299',
  )
})

test('OpenSSL accepts the signatures of small and large secrets', () => {
  const order = 0xffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551n
  for (const scalar of [1n, 2n, 3n, 12345678901234567890n, order - 2n, order - 1n]) {
    const key = createSigningKey(scalar)
    const point = Buffer.from(key.point)
    const [x, y] = [point.subarray(0, 32).toString('base64url'), point.subarray(32).toString('base64url')]
    const publicKey = createPublicKey({ key: { kty: 'EC', crv: 'P-256', x, y }, format: 'jwk' })
    for (let index = 0; index < 20; index += 1) {
      const message = Buffer.from(`message ${index}`)
      const signature = key.sign(message)
      expect(verify('sha256', message, { key: publicKey, dsaEncoding: 'ieee-p1363' }, signature)).toBe(true)
    }
  }
})
