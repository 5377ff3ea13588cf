/** Made by tools, never part of what was written by a person. */
const TOOLS_OWN = new Set(['.git', '.venv', '__pycache__', 'node_modules', '.DS_Store', '.perennial']);

/**
 * Whether a file or folder stays out of a trainer's bundle: caches, version control, and `.env` files, whose secrets would
 * lie in the artifact store for good. A trainer gets variables by `training.trainer.environment`.
 */
export function isLeftOut(name: string): boolean {
  return TOOLS_OWN.has(name) || name.endsWith('.pyc') || /^\.env(\.|$)/.test(name);
}
