// Tells stories about a domain with one rule taken out: `node tell-mutant-stories.mjs <mutation as JSON> <stories>`.
// Exits 0 when no story noticed. A process of its own, since a module is only loaded once.
import { readFileSync } from 'node:fs';
import { createJiti } from 'jiti';
import ts from 'typescript';

const mutation = JSON.parse(process.argv[2]);
const runs = Number(process.argv[3]);
const root = new URL('../../../', import.meta.url);
const source = readFileSync(new URL(mutation.file, root), 'utf8');
if (source.split(mutation.find).length !== 2)
  throw new Error(`${mutation.file} has changed: ${mutation.find}`);
const mutant = source.replace(mutation.find, () => mutation.replace);

const compilerOptions = { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 };
const jiti = createJiti(import.meta.url, {
  fsCache: false,
  transform({ filename = '', source: text }) {
    const code = filename.endsWith(`/${mutation.file}`) ? mutant : text;
    return { code: ts.transpileModule(code, { compilerOptions }).outputText };
  },
});
const { checkStories } = await jiti.import('../../unit/domain/model/check-stories.ts');
try {
  checkStories({ runs, seed: 1 });
} catch (error) {
  console.error(`${error.message}\nnoticed: ${error.cause?.message}`);
  process.exitCode = 1;
}
