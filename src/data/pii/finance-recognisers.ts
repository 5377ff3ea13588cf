import { base58Check, bech32, luhn, mod97 } from './checksums.ts';
import { digitsOf } from './recogniser.ts';
import type { Recogniser } from './recogniser.ts';

// Issuer ranges and lengths: Visa, Mastercard, American Express, Diners Club, Discover, JCB, UnionPay, Maestro.
const CARD =
  /^(?:4(?:\d{12}|\d{15}|\d{18})|(?:5[1-5]\d\d|222[1-9]|22[3-9]\d|2[3-6]\d\d|27[01]\d|2720)\d{12}|3[47]\d{13}|3(?:0[0-5]|[689]\d)\d{11}|6(?:011|4[4-9]\d|5\d\d)\d{12}|35(?:2[89]|[3-8]\d)\d{12}|62\d{14,17}|(?:50|5[6-8]|6[37])\d{14})$/;

function isCard(text: string): boolean {
  const digits = digitsOf(text);
  return CARD.test(digits) && luhn(digits);
}

// Lengths of the IBAN registry, by country.
const IBAN_LENGTHS: ReadonlyMap<string, number> = new Map(
  (
    'AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BI27 BR29 BY28 CH21 CR22 CY28 CZ24 DE22 DJ27 DK18 DO28 EE20 EG29 ' +
    'ES24 FI18 FK18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HN28 HR21 HU28 IE22 IL23 IQ23 IS26 IT27 JO30 KW30 KZ20 ' +
    'LB28 LC32 LI21 LT20 LU20 LV21 LY25 MC27 MD24 ME22 MK19 MN20 MR27 MT31 MU30 NI28 NL18 NO15 OM23 PK24 PL28 PS29 ' +
    'PT25 QA29 RO24 RS22 RU33 SA24 SC31 SD18 SE24 SI19 SK24 SM27 SO23 ST25 SV28 TL23 TN24 TR26 UA29 VA22 VG24 XK20 YE30'
  )
    .split(' ')
    .map((entry) => [entry.slice(0, 2), Number(entry.slice(2))]),
);

function isIban(text: string): boolean {
  const compact = text.replaceAll(/[ -]/g, '').toUpperCase();
  return (
    IBAN_LENGTHS.get(compact.slice(0, 2)) === compact.length &&
    mod97(compact.slice(4) + compact.slice(0, 4)) === 1
  );
}

function isWallet(text: string): boolean {
  if (/^0x/i.test(text)) return !/^0x(.)\1{39}$/i.test(text);
  return /^bc1/i.test(text) ? bech32(text) : base58Check(text);
}

/** What a person pays with. */
export const FINANCE_RECOGNISERS: readonly Recogniser[] = [
  {
    kind: 'credit_card',
    // `0.4111…` and `0,4111…` are fractions, but `1001,4111…` is a line of fields.
    pattern:
      /(?<![\w+-]|\d\.|(?<![\d,])0,)(?:\d{13,19}|\d{4}([ .-])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|\d{4}([ .-])\d{6}\2\d{4,5})(?!\w|[.-]\d)/g,
    valid: isCard,
    strength: 'checked',
    inGroups: true,
    hint: /card|\bpan\b|\bcc\b|visa|mastercard|amex/i,
    chance: 0.1,
  },
  {
    kind: 'iban_code',
    pattern: /(?<!\w)[a-z]{2}\d{2}(?:[a-z0-9]{11,30}|(?:[ -][a-z0-9]{4}){2,7}(?:[ -][a-z0-9]{1,4})?)(?!\w)/gi,
    valid: isIban,
    strength: 'checked',
    inGroups: true,
    hint: /iban|bank.?account/i,
    chance: 0.01,
  },
  {
    kind: 'crypto',
    pattern:
      /(?<!\w)(?:[13][1-9A-HJ-NP-Za-km-z]{25,34}|bc1[02-9ac-hj-np-z]{11,71}|BC1[02-9AC-HJ-NP-Z]{11,71}|0x[0-9a-fA-F]{40})(?!\w)/g,
    valid: isWallet,
    strength: 'checked',
    hint: /wallet|bitcoin|\bbtc\b|ethereum|\beth\b|crypto/i,
    chance: 0,
  },
];
