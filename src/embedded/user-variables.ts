import { SecretName } from '../contracts/spec/names.ts';
import { CONFIG_VARIABLES } from '../platform/config.ts';
import { baseEnvironment } from './service.ts';

/** They change how a program runs or where it looks for keys, and belong to the shell they were set in. */
const RUNTIME = /^(AWS|LD|NODE|PYTHON)_|^PYTHON|^DYLD_/;

/**
 * What a spec may name, as far as the shell that starts a stack holds it: connection URLs, secrets of webhooks, variables of
 * trainers, and CUDA_VISIBLE_DEVICES. The service's own settings are none of it; those are planned one by one.
 */
export function userVariables(outerEnv: NodeJS.ProcessEnv): Record<string, string> {
  const own = new Set([...CONFIG_VARIABLES, ...Object.keys(baseEnvironment())]);
  return Object.fromEntries(
    Object.entries(outerEnv).flatMap(([name, value]) =>
      value === undefined || own.has(name) || RUNTIME.test(name) || !SecretName.safeParse(name).success
        ? []
        : [[name, value] as const],
    ),
  );
}
