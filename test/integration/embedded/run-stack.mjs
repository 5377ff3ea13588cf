// A supervisor of its own for the stack tests: `node run-stack.mjs <options as JSON>` starts the infrastructure from
// the build, prints one JSON line for each event and one when all is up, and stops in order on SIGINT or SIGTERM.
import { startInfrastructure } from '../../../dist/src/embedded/stack.js';

const say = (line) => console.log(JSON.stringify(line));
const startedAt = Date.now();
try {
  const stack = await startInfrastructure({ ...JSON.parse(process.argv[2]), onEvent: say });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => void stack.stop().then(() => process.exit(0)));
  }
  const { env, endpoints } = stack;
  say({ kind: 'up', afterMs: Date.now() - startedAt, env, endpoints, processes: stack.processes() });
} catch (error) {
  say({ kind: 'error', code: error.code, message: error.message });
  process.exitCode = 1;
}
