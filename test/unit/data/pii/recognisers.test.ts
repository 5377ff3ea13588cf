import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { PiiKind } from '../../../../src/domain/pii-kind.ts';
import { maskPii, maskText } from '../../../../src/data/pii/mask-pii.ts';
import { piiShapes, recognisePii, RECOGNISERS } from '../../../../src/data/pii/recognise-pii.ts';

const numbers = (
  JSON.parse(readFileSync(new URL('../../../reference/pii_numbers.json', import.meta.url), 'utf8')) as {
    kinds: Record<PiiKind, { valid: string[]; invalid: string[] }>;
  }
).kinds;

const kindsOf = (text: string, column?: string): string[] => recognisePii(text, column).map((m) => m.kind);

describe('check digits against python-stdnum', () => {
  it.each(Object.entries(numbers))('%s', (kind, { valid, invalid }) => {
    const accepted = (text: string): boolean =>
      piiShapes(text).some(
        (shape) => shape.kind === kind && shape.valid && shape.end - shape.start === text.length,
      );
    expect(valid.filter((text) => !accepted(text))).toEqual([]);
    expect(invalid.filter(accepted)).toEqual([]);
  });
});

describe('recognisePii', () => {
  it.each([
    ['mail to a.b@c.io.', ['email_address']],
    ['a..b@c.io', []],
    ['x@-bad-.com', []],
    ['foo@bar.123', []],
    ['call 415-555-2671 or +44 20 7946 0958', ['phone_number', 'phone_number']],
    ['2024-06-01 12:34:56.789', []],
    ['2024-06-01T12:34:56+02:00', []],
    ['1,234,567,890.12', []],
    ['-73.9857, 40.7484', []],
    ['3.0569309025904', []],
    ['std::vector<int>', []],
    ['sha 9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08', []],
    ['rev 1.2.3.4.5', []],
    ['00:1B:44:11:3A:B7', ['mac_address']],
    ['order-1234567890', []],
    ['ISBN 978-3-16-148410-0', []],
    ['GB82WEST12345698765432 pays 4111 1111 1111 1111', ['iban_code', 'credit_card']],
    ['{"ip":"10.1.2.3","n":5}', ['ip_address']],
    ['+1 911 555 2671', []],
    ['٠١٢٣', []],
    ['4111111111111111 12/25', ['credit_card']],
    ['4111 1111 1111 1111 12/27', ['credit_card']],
    ['4111 1111 1111 1111 1227', ['credit_card']],
    ['4111 1111 1111 1111 123', ['credit_card']],
    ['4111-1111-1111-1111-123', ['credit_card']],
    ['3782 822463 10005 1234', ['credit_card']],
    ['1001,4111111111111111', ['credit_card']],
    ['1,0,4111111111111111,x', ['credit_card']],
    ['2024-01-01 4111111111111111', ['credit_card']],
    ['12:30 2024 4111 1111 1111 1111', ['credit_card']],
    ['4111111111111111 5500000000000004', ['credit_card', 'credit_card']],
    ['0.4111111111111111', []],
    ['0,4111111111111111', []],
    ['4111111111111111.5', []],
    ['4111111111111112 12/25', []],
    ['ES91 2100 0418 4502 0005 1332 from Ana', ['iban_code']],
    ['BE68 5390 0754 7034 is mine', ['iban_code']],
    ['PL61 1090 1014 0000 0712 1981 2874 to 1 of us', ['iban_code']],
    ['AT61 1904 3002 3457 3201 BE68 5390 0754 7034', ['iban_code', 'iban_code']],
    ['ref AB12 ES91 2100 0418 4502 0005 1332', ['iban_code']],
    ['ES92 2100 0418 4502 0005 1332 from Ana', []],
    ['+44 20 7946 0958 2024', ['phone_number']],
    ['+1 415 555 2671 2024-01-01', ['phone_number']],
    ['536.90.4399', ['us_ssn']],
    ['536.90-4399', []],
    ['536.90.0000', []],
  ])('reads %j as %j', (text, kinds) => {
    expect(kindsOf(text)).toEqual(kinds);
  });

  it('takes a bare number for an identity only where a word or the column says so', () => {
    const [bsn = ''] = numbers.nl_bsn.valid;
    expect(kindsOf(bsn)).toEqual([]);
    expect(kindsOf(`BSN: ${bsn}`)).toEqual(['nl_bsn']);
    expect(kindsOf(bsn, 'customer_bsn')).toEqual(['nl_bsn']);
    expect(kindsOf('536904399', 'ssn')).toEqual(['us_ssn']);
    expect(kindsOf('536904399', 'session')).toEqual([]);
  });

  it('stays linear on long texts without anything in them', () => {
    // Processor time: what others take of this machine is not the texts' fault.
    const before = process.cpuUsage();
    for (const text of [
      'a'.repeat(200_000),
      '1'.repeat(200_000),
      'a.'.repeat(100_000),
      '1 '.repeat(100_000),
      '::1:'.repeat(50_000),
      `${'a@'.repeat(50_000)}b`,
      '4111 '.repeat(40_000),
      'AB12 '.repeat(40_000),
      '+44 20 7946 '.repeat(20_000),
    ])
      recognisePii(text);
    const { user } = process.cpuUsage(before);
    expect(user / 1000).toBeLessThan(5000);
  });

  it('has patterns that are global, so that all of a text is read', () => {
    expect(RECOGNISERS.filter(({ pattern }) => !pattern.global)).toEqual([]);
  });
});

describe('masking', () => {
  it('keeps the form and nothing else', () => {
    expect(maskText('Jané-42 Ünal@x.io')).toBe('Xxxx-## Xxxx@x.xx');
    expect(maskPii('pay 4111 1111 1111 1111 to bob@example.com')).toBe(
      'pay #### #### #### #### to xxx@xxxxxxx.xxx',
    );
    expect(maskPii('1001,4111 1111 1111 1111 123, ES91 2100 0418 4502 0005 1332 by Ana')).toBe(
      '1001,#### #### #### #### 123, XX## #### #### #### #### #### by Ana',
    );
    expect(maskPii('nothing here')).toBe('nothing here');
  });
});
