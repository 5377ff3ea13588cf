import { isDateOf } from './birth-date.ts';
import { luhn, verhoeff, weighted } from './checksums.ts';
import { digitsOf } from './recogniser.ts';
import type { Recogniser } from './recogniser.ts';

/** Nüfus: the tenth digit from odd and even places, the eleventh from all ten. */
function isTurkishId(text: string): boolean {
  const d = [...text].map(Number);
  const sum = (from: number, step: number, to: number): number =>
    d.reduce(
      (total, digit, i) => (i >= from && i < to && (i - from) % step === 0 ? total + digit : total),
      0,
    );
  const tenth = (((sum(0, 2, 9) * 7 - sum(1, 2, 8)) % 10) + 10) % 10;
  return d[0] !== 0 && tenth === d[9] && sum(0, 1, 10) % 10 === d[10];
}

function isSouthAfricanId(text: string): boolean {
  return (
    isDateOf(text.slice(0, 2), text.slice(2, 4), text.slice(4, 6)) && /^.{10}[012]/.test(text) && luhn(text)
  );
}

/** ICA: weights 2765432 and an offset by the series; the remainder by 11 picks the letter. */
function isNric(text: string): boolean {
  const upper = text.toUpperCase();
  const series = upper[0] ?? '';
  const offset = series === 'T' || series === 'G' ? 4 : series === 'M' ? 3 : 0;
  const letters = 'ST'.includes(series) ? 'JZIHGFEDCBA' : series === 'M' ? 'XWUTRQPNJLK' : 'XWUTRQPNMLK';
  return letters[(weighted(upper.slice(1, 8), [2, 7, 6, 5, 4, 3, 2]) + offset) % 11] === upper[8];
}

function isRrn(text: string): boolean {
  const digits = digitsOf(text);
  const sum = weighted(digits, [2, 3, 4, 5, 6, 7, 8, 9, 2, 3, 4, 5]);
  return (
    isDateOf(digits.slice(0, 2), digits.slice(2, 4), digits.slice(4, 6)) &&
    (11 - (sum % 11)) % 10 === Number(digits[12])
  );
}

function isThaiId(text: string): boolean {
  const digits = digitsOf(text);
  const sum = weighted(digits, [13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2]);
  return !digits.startsWith('0') && (11 - (sum % 11)) % 10 === Number(digits[12]);
}

const isAadhaar = (text: string): boolean => verhoeff(digitsOf(text));

function isTfn(text: string): boolean {
  return weighted(digitsOf(text), [1, 4, 3, 7, 5, 8, 6, 9, 10]) % 11 === 0;
}

function isMedicare(text: string): boolean {
  const digits = digitsOf(text);
  return weighted(digits, [1, 3, 7, 9, 1, 3, 7, 9]) % 10 === Number(digits[8]) && !digits.endsWith('0');
}

/** Numbers that states of Asia, Africa and Oceania give to persons. */
export const ASIAN_RECOGNISERS: readonly Recogniser[] = [
  {
    kind: 'tr_national_id',
    pattern: /(?<![\w.+-])[1-9]\d{10}(?!\w|[.-]\d)/g,
    valid: isTurkishId,
    strength: 'bare',
    hint: /\btckn\b|\btc\b|kimlik/i,
    chance: 0.01,
  },
  {
    kind: 'za_id_number',
    pattern: /(?<![\w.+-])\d{13}(?!\w|[.-]\d)/g,
    valid: isSouthAfricanId,
    strength: 'bare',
    hint: /\bid.?n(?:umber|o)\b|south.?african?/i,
    chance: 0.01,
  },
  {
    kind: 'in_aadhaar',
    pattern: /(?<![\w.+-]|\d[ -])[2-9]\d{3}([ -])\d{4}\1\d{4}(?!\w|[ .-]\d)/g,
    valid: isAadhaar,
    strength: 'checked',
    hint: /aadhaa?r|uidai/i,
    chance: 0.1,
  },
  {
    kind: 'in_aadhaar',
    pattern: /(?<![\w.+-])[2-9]\d{11}(?!\w|[.-]\d)/g,
    valid: isAadhaar,
    strength: 'bare',
    hint: /aadhaa?r|uidai/i,
    chance: 0.1,
  },
  {
    kind: 'in_pan',
    pattern: /(?<!\w)[A-Z]{3}[ABCFGHJLPT][A-Z]\d{4}[A-Z](?!\w)/g,
    valid: () => true,
    strength: 'formed',
    hint: /\bpan\b|permanent.?account/i,
    chance: 0,
  },
  {
    kind: 'sg_nric_fin',
    pattern: /(?<!\w)[STFGM]\d{7}[A-Z](?!\w)/gi,
    valid: isNric,
    strength: 'checked',
    hint: /\bnric\b|\bfin\b/i,
    chance: 0.09,
  },
  {
    kind: 'kr_rrn',
    pattern: /(?<![\w.+-])\d{6}-[1-8]\d{6}(?![\w-])/g,
    valid: isRrn,
    strength: 'checked',
    hint: /\brrn\b|resident.?registration|주민/i,
    chance: 0.1,
  },
  {
    kind: 'th_tnin',
    pattern: /(?<![\w.+-])\d([ -])\d{4}\1\d{5}\1\d{2}\1\d(?![\w-])/g,
    valid: isThaiId,
    strength: 'checked',
    hint: /thai.?id|citizen.?id/i,
    chance: 0.1,
  },
  {
    kind: 'au_tfn',
    pattern: /(?<![\w.+-])\d{3}([ -]?)\d{3}\1\d{3}(?!\w|[ .-]\d)/g,
    valid: isTfn,
    strength: 'bare',
    hint: /\btfn\b|tax.?file/i,
    chance: 0.09,
  },
  {
    kind: 'au_medicare',
    pattern: /(?<![\w.+-])[2-6]\d{3}([ -]?)\d{5}\1\d(?!\w|[ .-]\d)/g,
    valid: isMedicare,
    strength: 'bare',
    hint: /medicare/i,
    chance: 0.1,
  },
];
