// A worker of its own for the test of its environment: takes it as every process of the product does, runs one trainer
// from the build, and says what it still knows itself.
import { takeEnvironment } from '../../../dist/src/platform/take-environment.js';
import { ProcessExecutor } from '../../../dist/src/training/process-executor.js';

const environment = takeEnvironment();
const executor = new ProcessExecutor();
const command = JSON.parse(process.argv[2]);
await executor.start(command);
for (;;) {
  const status = await executor.poll(command.id, 1_000);
  if (status.kind !== 'ended') continue;
  const known = [environment.CANARY, process.env.CANARY];
  console.log(JSON.stringify({ exitCode: status.exitCode, known }));
  break;
}
