import type { ModelSpec } from '../../contracts/spec/model-spec.ts';

/**
 * The spec as it applies in one environment: a section that the environment names replaces the general one whole.
 * An environment that the spec does not name gets the general sections.
 */
export function effectiveSpec(spec: ModelSpec, environment: string): ModelSpec {
  const overrides = Object.hasOwn(spec.environments, environment)
    ? spec.environments[environment]
    : undefined;
  if (!overrides) return spec;
  const given = Object.fromEntries(Object.entries(overrides).filter(([, section]) => section !== undefined));
  return { ...spec, ...given };
}
