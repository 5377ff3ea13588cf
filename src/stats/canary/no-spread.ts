/** Why a difference whose variance is zero or not finite can't be tested. */
export function noSpread(variance: number): string {
  return variance === 0
    ? 'the values of both arms do not vary'
    : 'the values are too large for their mean and spread to be computed';
}
