import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { totpSecret } from '../../../contract/auth.ts';
import { newTotpSecret, otpauthUrl, stepOfCode } from './totp.ts';

/** "12345678901234567890", the key of RFC 6238's appendix B. */
const RFC_SECRET = 'GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ';

describe('TOTP codes', () => {
  test("are those of RFC 6238's test vectors", () => {
    assert.equal(stepOfCode(RFC_SECRET, '287082', 59_000), 1);
    assert.equal(stepOfCode(RFC_SECRET, '081804', 1_111_111_109_000), 37_037_036);
    assert.equal(stepOfCode(RFC_SECRET, '005924', 1_234_567_890_000), 41_152_263);
  });

  test('are valid one step early and one step late, and no longer', () => {
    const step = 41_152_263;
    const middle = (step * 30 + 15) * 1000;
    for (const [offset, expected] of [
      [-2, null],
      [-1, step],
      [0, step],
      [1, step],
      [2, null],
    ] as const) {
      assert.equal(stepOfCode(RFC_SECRET, '005924', middle + offset * 30_000), expected, `${offset}`);
    }
  });

  test('secrets are 160 random bits that the contract accepts, and make a URL for authenticator apps', () => {
    const secret = newTotpSecret();
    assert.match(secret, /^[A-Z2-7]{32}$/);
    assert.notEqual(secret, newTotpSecret());
    assert.equal(totpSecret.parse(secret), secret);
    const url = new URL(otpauthUrl(secret, 'ada@example.com'));
    assert.equal(url.protocol, 'otpauth:');
    assert.equal(url.searchParams.get('secret'), secret);
    assert.equal(url.searchParams.get('issuer'), 'FMHL');
    assert.match(decodeURIComponent(url.pathname), /ada@example\.com$/);
  });
});

describe('a TOTP secret from outside', () => {
  test('may be written the way apps show it', () => {
    assert.equal(totpSecret.parse('gezd gnbv-gy3t qojq'), 'GEZDGNBVGY3TQOJQ');
    assert.equal(totpSecret.parse('GEZDGNBVGY3TQOJQGE======'), 'GEZDGNBVGY3TQOJQGE');
  });

  test('is refused when it is short, is not base32, or ends in the middle of a byte', () => {
    for (const bad of ['', 'GEZDGNBVGY3TQOJ', 'GEZDGNBVGY3TQOJ1', 'GEZDGNBVGY3TQOJQG', 'A'.repeat(136)]) {
      assert.equal(totpSecret.safeParse(bad).success, false, bad);
    }
  });
});
