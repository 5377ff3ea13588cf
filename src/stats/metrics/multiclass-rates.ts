import { quotient } from './usable-rows.ts';

export interface ClassRates {
  /** Weight of the rows of this class. */
  readonly support: number;
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

export interface Averages {
  readonly precision: number | null;
  readonly recall: number | null;
  readonly f1: number | null;
}

export interface MulticlassRates {
  readonly accuracy: number | null;
  /** Mean recall of the classes that occur. */
  readonly balancedAccuracy: number | null;
  /** Gorodkin's correlation R_K (2004); 0 when all truths or all predictions are one class, as in scikit-learn. */
  readonly mcc: number | null;
  /** Cohen's κ; null when chance agreement is certain. */
  readonly kappa: number | null;
  readonly micro: Averages;
  /** Plain mean over the classes that occur in truth or prediction; an undefined rate counts as 0, as in scikit-learn. */
  readonly macro: Averages;
  /** Mean weighted by support. */
  readonly weighted: Averages;
  readonly perClass: readonly ClassRates[];
}

/** The rates of a table `confusion[truth][prediction]` of weighted counts, with scikit-learn's definitions; null without rows. */
export function multiclassRates(confusion: readonly (readonly number[])[]): MulticlassRates {
  const support = confusion.map((row) => row.reduce((a, b) => a + b, 0));
  const predicted = confusion.map((_, c) => confusion.reduce((sum, row) => sum + row[c]!, 0));
  const hits = confusion.reduce((sum, row, c) => sum + row[c]!, 0);
  const total = support.reduce((a, b) => a + b, 0);
  const perClass = confusion.map((row, c): ClassRates => ({
    support: support[c]!,
    precision: quotient(row[c]!, predicted[c]!),
    recall: quotient(row[c]!, support[c]!),
    f1: quotient(2 * row[c]!, support[c]! + predicted[c]!),
  }));
  const present = perClass.filter((c) => c.f1 !== null);
  const recalls = perClass.flatMap((c) => (c.recall === null ? [] : [c.recall]));
  const accuracy = quotient(hits, total);
  const agreement = support.reduce((sum, s, c) => sum + s * predicted[c]!, 0);
  const spread =
    Math.sqrt(total * total - predicted.reduce((sum, p) => sum + p * p, 0)) *
    Math.sqrt(total * total - support.reduce((sum, s) => sum + s * s, 0));
  const chance = total > 0 ? agreement / (total * total) : 1;
  return {
    accuracy,
    balancedAccuracy: quotient(
      recalls.reduce((a, b) => a + b, 0),
      recalls.length,
    ),
    mcc: total === 0 ? null : spread > 0 ? (hits * total - agreement) / spread : 0,
    kappa: accuracy === null || chance === 1 ? null : (accuracy - chance) / (1 - chance),
    micro: { precision: accuracy, recall: accuracy, f1: accuracy },
    macro: averages(present, () => 1),
    weighted: averages(present, (c) => c.support),
    perClass,
  };
}

function averages(classes: readonly ClassRates[], weight: (c: ClassRates) => number): Averages {
  const total = classes.reduce((sum, c) => sum + weight(c), 0);
  const of = (rate: (c: ClassRates) => number | null): number | null =>
    quotient(
      classes.reduce((sum, c) => sum + weight(c) * (rate(c) ?? 0), 0),
      total,
    );
  return { precision: of((c) => c.precision), recall: of((c) => c.recall), f1: of((c) => c.f1) };
}
