/** How much worse is still not worse, at least 0: in the metric's unit, or as a share of the control's mean. */
export type Margin = number | { readonly ofControl: number };

/** treatment = ratio · control + delta: where a treatment is worse by exactly the margin. */
export interface MarginLine {
  readonly ratio: number;
  readonly delta: number;
}

/**
 * A share of the control's mean asks for a ratio of the means, not for a difference: the control's mean is estimated
 * too, and taking it for known makes false passes likelier than alpha. Its sign is taken as it was found.
 * @throws RangeError on a margin below 0, or none
 */
export function marginLine(margin: Margin, higherIsBetter: boolean, controlMean: number): MarginLine {
  const size = marginSize(margin);
  if (!(size >= 0)) throw new RangeError(`margin must be at least 0; got ${size}.`);
  const worse = higherIsBetter ? -size : size;
  if (typeof margin === 'number') return { ratio: 1, delta: worse };
  return { ratio: 1 + (controlMean < 0 ? -worse : worse), delta: 0 };
}

/** In whichever unit it has. */
export function marginSize(margin: Margin): number {
  return typeof margin === 'number' ? margin : margin.ofControl;
}

/** In the metric's unit, by the control's mean as it was found. */
export function marginInUnit(margin: Margin, controlMean: number): number {
  return typeof margin === 'number' ? margin : margin.ofControl * Math.abs(controlMean);
}
