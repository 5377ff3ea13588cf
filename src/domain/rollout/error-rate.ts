/** Chance of ever calling a rate within its limit too high, over all looks. */
const ALPHA = 0.05;

/**
 * Whether the counts show a rate above `limit`, however often one looks. The evidence is a mixture of likelihood
 * ratios of rates above the limit to the limit itself; each is a supermartingale of mean at most 1 while the true
 * rate is within the limit, so by Ville's inequality it ever exceeds 1/α with a chance of at most α.
 */
export function exceedsRate(count: number, trials: number, limit: number): boolean {
  if (trials === 0 || count === 0 || limit >= 1) return false;
  if (limit <= 0) return true;
  const alternatives = [0.1, 0.25, 0.5, 0.75, 0.99].map((share) => limit + (1 - limit) * share);
  const near = [1.5, 2, 4, 8].map((factor) => limit * factor).filter((rate) => rate < 1);
  const rates = [...near, ...alternatives];
  const evidence = rates.reduce((sum, rate) => {
    const log = count * Math.log(rate / limit) + (trials - count) * Math.log((1 - rate) / (1 - limit));
    return sum + Math.exp(Math.min(log, 700)) / rates.length;
  }, 0);
  return evidence >= 1 / ALPHA;
}
