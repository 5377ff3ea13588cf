import { isDateOf, isPeselDate } from './birth-date.ts';
import { luhn, mod11and10, mod97, weighted } from './checksums.ts';
import { digitsOf } from './recogniser.ts';
import type { Recogniser } from './recogniser.ts';

/** NHS: modulo 11 over nine digits; a remainder of 10 is not given out. */
function isNhs(text: string): boolean {
  const digits = digitsOf(text);
  const check = 11 - (weighted(digits, [10, 9, 8, 7, 6, 5, 4, 3, 2]) % 11);
  return !/^(\d)\1{9}$/.test(digits) && (check === 11 ? 0 : check) === Number(digits[9]);
}

/** Bundeszentralamt für Steuern: of the first ten digits one occurs twice or three times, the others once at most. */
function isGermanTaxId(text: string): boolean {
  const counts = new Map<string, number>();
  for (const digit of text.slice(0, 10)) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  const repeated = [...counts.values()].filter((count) => count > 1);
  return !text.startsWith('0') && repeated.length === 1 && Number(repeated[0]) <= 3 && mod11and10(text);
}

/** INSEE: the key is 97 less the remainder; Corsica's 2A and 2B count as 19 and 18. */
function isNir(text: string): boolean {
  const compact = text.replaceAll(' ', '').toUpperCase();
  const number = compact.slice(0, 13).replace('2A', '19').replace('2B', '18');
  return /^\d{13}$/.test(number) && 97 - mod97(number) === Number(compact.slice(13));
}

function isBsn(text: string): boolean {
  return !/^(\d)\1{8}$/.test(text) && weighted(text, [9, 8, 7, 6, 5, 4, 3, 2, -1]) % 11 === 0;
}

const NIF_LETTERS = 'TRWAGMYFPDXBNJZSQVHLCKE';

/** DNI and NIE: the letter is the remainder by 23; X, Y and Z stand for 0, 1 and 2. */
function isSpanish(text: string): boolean {
  const compact = text.replaceAll('-', '').toUpperCase();
  const number = compact.slice(0, -1).replace(/^[XYZ]/, (letter) => String('XYZ'.indexOf(letter)));
  return NIF_LETTERS[Number(number) % 23] === compact.at(-1);
}

const FISCAL_ODD = [
  1, 0, 5, 7, 9, 13, 15, 17, 19, 21, 2, 4, 18, 20, 11, 3, 6, 8, 12, 14, 16, 10, 22, 25, 24, 23,
];

/** Agenzia delle Entrate: odd places by a table, even ones by their value; the sum modulo 26 is the last letter. */
function isFiscalCode(text: string): boolean {
  const values = [...text.toUpperCase()].map((c) => (c >= 'A' ? c.charCodeAt(0) - 65 : Number(c)));
  const sum = values
    .slice(0, 15)
    .reduce((total, value, i) => total + (i % 2 === 0 ? Number(FISCAL_ODD[value]) : value), 0);
  return sum % 26 === values[15];
}

function isPesel(text: string): boolean {
  const sum = weighted(text, [1, 3, 7, 9, 1, 3, 7, 9, 1, 3]);
  return isPeselDate(text) && (10 - (sum % 10)) % 10 === Number(text[10]);
}

const HETU_LETTERS = '0123456789ABCDEFHJKLMNPRSTUVWXY';

function isHetu(text: string): boolean {
  const digits = digitsOf(text.slice(0, 10));
  const [day, month, year] = [text.slice(0, 2), text.slice(2, 4), text.slice(4, 6)];
  return isDateOf(year, month, day) && HETU_LETTERS[Number(digits) % 31] === text.at(-1)?.toUpperCase();
}

/** Skatteverket: Luhn over the last ten digits; 60 more on the day marks a coordination number. */
function isPersonnummer(text: string): boolean {
  const digits = digitsOf(text).slice(-10);
  const day = Number(digits.slice(4, 6));
  return isDateOf(digits.slice(0, 2), digits.slice(2, 4), String(day > 60 ? day - 60 : day)) && luhn(digits);
}

const FISCAL_DIGIT = '[\\dLMNP-V]';

/** Numbers that states of Europe give to persons. */
export const EUROPEAN_RECOGNISERS: readonly Recogniser[] = [
  {
    kind: 'uk_nhs',
    pattern: /(?<![\w.+-])\d{3}([ -]?)\d{3}\1\d{4}(?!\w|[ .-]\d)/g,
    valid: isNhs,
    strength: 'bare',
    hint: /\bnhs\b|national.?health/i,
    chance: 0.09,
  },
  {
    kind: 'uk_nino',
    pattern:
      /(?<!\w)(?!BG|GB|KN|NK|NT|TN|ZZ)[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z]( ?)\d{2}\1\d{2}\1\d{2}\1[A-D](?!\w)/gi,
    valid: () => true,
    strength: 'formed',
    hint: /\bnino?\b|national.?insurance/i,
    chance: 0,
  },
  {
    kind: 'de_tax_id',
    pattern: /(?<![\w.+-])\d{11}(?!\w|[.-]\d)/g,
    valid: isGermanTaxId,
    strength: 'bare',
    hint: /steuer.?(?:id|nummer|identifikation)|\btin\b|tax.?id/i,
    chance: 0.03,
  },
  {
    kind: 'fr_nir',
    pattern:
      /(?<![\w.+-])[12] ?\d{2} ?(?:0[1-9]|1[0-2]|[2-9]\d) ?(?:\d{2}|2[AB]) ?\d{3} ?\d{3} ?\d{2}(?!\w|[.-]\d)/gi,
    valid: isNir,
    strength: 'checked',
    hint: /\bnir\b|insee|s[eé]curit[eé].?sociale/i,
    chance: 0.01,
  },
  {
    kind: 'nl_bsn',
    pattern: /(?<![\w.+-])\d{9}(?!\w|[.-]\d)/g,
    valid: isBsn,
    strength: 'bare',
    hint: /\bbsn\b|burgerservice|sofi/i,
    chance: 0.09,
  },
  {
    kind: 'es_nif',
    pattern: /(?<![\w-])\d{8}-?[A-HJ-NP-TV-Z](?![\w-])/gi,
    valid: isSpanish,
    strength: 'checked',
    hint: /\bnif\b|\bdni\b/i,
    chance: 0.044,
  },
  {
    kind: 'es_nie',
    pattern: /(?<![\w-])[XYZ]-?\d{7}-?[A-HJ-NP-TV-Z](?![\w-])/gi,
    valid: isSpanish,
    strength: 'checked',
    hint: /\bnie\b/i,
    chance: 0.044,
  },
  {
    kind: 'it_fiscal_code',
    pattern: new RegExp(
      `(?<!\\w)[A-Z]{6}${FISCAL_DIGIT}{2}[A-EHLMPR-T]${FISCAL_DIGIT}{2}[A-Z]${FISCAL_DIGIT}{3}[A-Z](?!\\w)`,
      'gi',
    ),
    valid: isFiscalCode,
    strength: 'checked',
    hint: /codice.?fiscale|fiscal.?code/i,
    chance: 0.04,
  },
  {
    kind: 'pl_pesel',
    pattern: /(?<![\w.+-])\d{11}(?!\w|[.-]\d)/g,
    valid: isPesel,
    strength: 'bare',
    hint: /pesel/i,
    chance: 0.01,
  },
  {
    kind: 'fi_personal_identity_code',
    pattern: /(?<!\w)\d{6}[-+A-FU-Y]\d{3}[\dA-FHJ-NPR-Y](?!\w)/gi,
    valid: isHetu,
    strength: 'checked',
    hint: /hetu|henkil[oö]tunnus/i,
    chance: 0.03,
  },
  {
    kind: 'se_personnummer',
    pattern: /(?<![\w.+-])(?:19|20)?\d{6}[-+]\d{4}(?![\w-])/g,
    valid: isPersonnummer,
    strength: 'checked',
    hint: /person.?n(?:umme)?r|samordning/i,
    chance: 0.1,
  },
];
