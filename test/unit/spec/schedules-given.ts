/** As people write them: what Temporal carries out, and what it refuses. */
export const CRONS = {
  taken: [
    '0 3 * * *',
    '*/15 * * * *',
    '5/10 8-18 * * 1-5',
    '0,30 9-17/2 1,15 jan,JUL-september mon,Wednesday',
    '0 0 29 2 7',
    '00 03 * * su-sa',
    '0 6 * Febr th',
    ' 0  3 * * * ',
  ],
  refused: [
    '0 25 * * *',
    '60 0 * * *',
    '0 3 0 * *',
    '0 3 32 * *',
    '0 3 * 13 *',
    '0 3 * * 8',
    '0 3 L * *',
    '0 3 15W * *',
    '0 3 ? * *',
    '0 3 * * 5L',
    '30-10 3 * * *',
    '0 3 * * fri-mon',
    '0 3 * ma *',
    '0 3 * * m',
    '*/0 3 * * *',
    '*/2/3 3 * * *',
    '1-2-3 3 * * *',
    '1,,2 3 * * *',
    '-5 3 * * *',
    '0 3 * * maybe',
    'every day at three',
  ],
} as const;

export const TIMEZONES = {
  taken: [
    'UTC',
    'Europe/Berlin',
    'America/Argentina/Buenos_Aires',
    'Asia/Kolkata',
    'Asia/Calcutta',
    'Etc/GMT+5',
  ],
  refused: ['europe/berlin', 'EUROPE/BERLIN', 'Europe/Brelin', 'asia/kolkata', 'CEST', '+02:00', 'Berlin'],
} as const;
