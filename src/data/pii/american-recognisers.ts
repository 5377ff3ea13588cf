import { luhn, weighted } from './checksums.ts';
import { digitsOf } from './recogniser.ts';
import type { Recogniser } from './recogniser.ts';

/** Printed in advertisements, or in every example: never anybody's own. */
const NOBODYS = new Set(['078051120', '219099999', '123456789', '987654321']);
const SSN_HINT = /\bssn\b|\bssns\b|social.?security/i;

/** Social Security Administration: areas 000, 666 and 900 to 999, group 00 and serial 0000 are not given out. */
function isSsn(text: string): boolean {
  const digits = digitsOf(text);
  return !/^(?:000|666|9)|^...00|0000$/.test(digits) && !NOBODYS.has(digits) && !/^(\d)\1{8}$/.test(digits);
}

/** Internal Revenue Service: groups 50 to 65, 70 to 88, 90 to 92 and 94 to 99 of area 9. */
function isItin(text: string): boolean {
  return /^9\d\d(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])\d{4}$/.test(digitsOf(text));
}

function isSin(text: string): boolean {
  const digits = digitsOf(text);
  return !/^[08]/.test(digits) && !/^(\d)\1{8}$/.test(digits) && luhn(digits);
}

/** Receita Federal: two check digits, each modulo 11. */
function isCpf(text: string): boolean {
  const digits = digitsOf(text);
  if (/^(\d)\1{10}$/.test(digits)) return false;
  const check = (weights: readonly number[]): number => ((weighted(digits, weights) * 10) % 11) % 10;
  return (
    check([10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(digits[9]) &&
    check([11, 10, 9, 8, 7, 6, 5, 4, 3, 2]) === Number(digits[10])
  );
}

const MBI = '[1-9][AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\\d]\\d-?[AC-HJKMNP-RT-Y][AC-HJKMNP-RT-Y\\d]\\d-?';

/** Numbers that states of the Americas give to persons. */
export const AMERICAN_RECOGNISERS: readonly Recogniser[] = [
  {
    kind: 'us_ssn',
    pattern: /(?<![\w.+-])\d{3}([ .-])\d{2}\1\d{4}(?![\w-]|\.\d)/g,
    valid: isSsn,
    strength: 'formed',
    hint: SSN_HINT,
    chance: 0,
  },
  {
    kind: 'us_ssn',
    pattern: /(?<![\w.+-])\d{9}(?!\w|[.-]\d)/g,
    valid: isSsn,
    strength: 'bare',
    hint: SSN_HINT,
    chance: 0.89,
  },
  {
    kind: 'us_itin',
    pattern: /(?<![\w.+-])9\d\d([ -])\d{2}\1\d{4}(?![\w-]|\.\d)/g,
    valid: isItin,
    strength: 'formed',
    hint: /\bitin\b|taxpayer/i,
    chance: 0,
  },
  {
    kind: 'us_mbi',
    pattern: new RegExp(`(?<![\\w-])${MBI}[AC-HJKMNP-RT-Y]{2}\\d{2}(?![\\w-])`, 'g'),
    valid: () => true,
    strength: 'formed',
    hint: /\bmbi\b|medicare/i,
    chance: 0,
  },
  {
    kind: 'ca_sin',
    pattern: /(?<![\w.+-])\d{3}([ -]?)\d{3}\1\d{3}(?!\w|[ .-]\d)/g,
    valid: isSin,
    strength: 'bare',
    hint: /\bsin\b|\bnas\b|social.?insurance/i,
    chance: 0.1,
  },
  {
    kind: 'br_cpf',
    pattern: /(?<![\w.+-])\d{3}\.\d{3}\.\d{3}-\d{2}(?![\w-])/g,
    valid: isCpf,
    strength: 'checked',
    hint: /\bcpf\b/i,
    chance: 0.01,
  },
  {
    kind: 'br_cpf',
    pattern: /(?<![\w.+-])\d{11}(?!\w|[.-]\d)/g,
    valid: isCpf,
    strength: 'bare',
    hint: /\bcpf\b/i,
    chance: 0.01,
  },
];
