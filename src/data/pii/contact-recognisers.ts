import { isIP } from 'node:net';
import { digitsOf } from './recogniser.ts';
import type { Recogniser } from './recogniser.ts';

const EMAIL =
  /(?<![\p{L}\p{N}._%+-])[\p{L}\p{N}!#$%&'*+/=?^_`{|}~.-]{1,64}@(?:[\p{L}\p{N}-]{1,63}\.){1,8}\p{L}{2,24}(?![\p{L}\p{N}@])/gu;

function isEmail(text: string): boolean {
  const [local = '', domain = ''] = text.split('@');
  const labels = domain.split('.');
  return (
    !/^\.|\.$|\.\./.test(local) && labels.every((label) => !label.startsWith('-') && !label.endsWith('-'))
  );
}

// E.164 calling codes by their length; a number starts with exactly one of them.
const CODES_OF_ONE = '17';
const CODES_OF_TWO =
  '20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94 95 98';
const CODES_OF_THREE = /^(?:2[1-69]|3[578]|42|5[09]|6[789]|80|85|87|88|96|97|99)\d$/;

/** The North American plan: neither area nor exchange starts with 0 or 1, and N11 is a service. */
function isNorthAmerican(ten: string): boolean {
  return /^[2-9]\d\d[2-9]\d{6}$/.test(ten) && !/^.11|^...[2-9]11/.test(ten);
}

function isInternational(text: string): boolean {
  const digits = digitsOf(text);
  if (digits.startsWith('1')) return digits.length === 11 && isNorthAmerican(digits.slice(1));
  const code = CODES_OF_ONE.includes(digits[0] ?? '')
    ? 1
    : CODES_OF_TWO.includes(digits.slice(0, 2))
      ? 2
      : CODES_OF_THREE.test(digits.slice(0, 3))
        ? 3
        : 0;
  const national = digits.length - code;
  return code > 0 && national >= 6 && digits.length <= 15;
}

function isNational(text: string): boolean {
  const digits = digitsOf(text);
  return isNorthAmerican(digits.length === 11 && digits.startsWith('1') ? digits.slice(1) : digits);
}

/** `::` alone is an operator in many a language before it is an address. */
const isIpV6 = (text: string): boolean => text !== '::' && isIP(text) === 6;

const PHONE_HINT = /phone|mobile|\bcell|\bfax\b|\btel\b|telefon|\bcall\b|whatsapp/i;

/** Where a person can be reached, and the devices they use. */
export const CONTACT_RECOGNISERS: readonly Recogniser[] = [
  {
    kind: 'email_address',
    pattern: EMAIL,
    valid: isEmail,
    strength: 'checked',
    hint: /e-?mail|correo/i,
    chance: 0,
  },
  {
    kind: 'phone_number',
    pattern: /(?<![\w+])\+\d{1,3}(?:[ ./()-]{0,2}\d){6,14}(?!\d)/g,
    valid: isInternational,
    strength: 'formed',
    inGroups: true,
    hint: PHONE_HINT,
    chance: 0,
  },
  {
    kind: 'phone_number',
    pattern:
      /(?<![\w.+-])(?:1[ .-]?)?(?:\(\d{3}\)[ .-]?\d{3}[ .-]\d{4}|\d{3}([ .-])\d{3}\1\d{4})(?![\w-]|\.\d)/g,
    valid: isNational,
    strength: 'formed',
    hint: PHONE_HINT,
    chance: 0,
  },
  {
    kind: 'phone_number',
    pattern: /(?<![\w.+-])\d{10}(?!\w|[.-]\d)/g,
    valid: isNational,
    strength: 'bare',
    hint: PHONE_HINT,
    chance: 0.64,
  },
  {
    kind: 'ip_address',
    pattern: /(?<![\w.])(?:\d{1,3}\.){3}\d{1,3}(?![\w]|\.\d)/g,
    valid: (text) => isIP(text) === 4,
    strength: 'formed',
    hint: /\bip\b|ip.?addr|remote.?addr|client.?addr/i,
    chance: 0,
  },
  {
    kind: 'ip_address',
    pattern: /(?<![\w:.])(?:[0-9a-f]{0,4}:){2,7}[0-9a-f]{0,4}(?:(?:\.\d{1,3}){3})?(?![\w:])/gi,
    valid: isIpV6,
    strength: 'formed',
    hint: /\bip\b|ip.?v6|ip.?addr/i,
    chance: 0,
  },
  {
    kind: 'mac_address',
    pattern: /(?<![\w:-])[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}[0-9a-f]{2}(?![\w:-])/gi,
    valid: (text) => !/^(?:00[:-]){5}00$|^(?:ff[:-]){5}ff$/i.test(text),
    strength: 'formed',
    hint: /\bmac\b|mac.?addr/i,
    chance: 0,
  },
];
