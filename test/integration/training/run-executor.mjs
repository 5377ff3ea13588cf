// A worker of its own for the executor test: starts one trainer from the build and waits for ever.
import { ProcessExecutor } from '../../../dist/src/training/process-executor.js';

const executor = new ProcessExecutor();
await executor.start(JSON.parse(process.argv[2]));
for (;;) {
  const { progress } = await executor.poll('run/1', 1_000);
  if (progress?.step === 1) console.log('running');
}
