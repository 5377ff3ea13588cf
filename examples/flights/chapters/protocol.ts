import { z } from 'zod';
import { NotSeen } from '../../story/story.ts';
import type { Step } from '../../story/story.ts';
import { until } from '../../story/until.ts';
import { MODEL } from '../flights-stack.ts';
import { sceneOf } from '../setting.ts';
import type { Setting } from '../setting.ts';
import { FlightGateway } from '../simulator/flight-gateway.ts';

const TIMEOUT_MS = 60_000;

const Tensor = z.object({ name: z.string(), datatype: z.string(), shape: z.array(z.int()) });
const Metadata = z.object({
  name: z.string(),
  versions: z.array(z.string()),
  inputs: z.array(Tensor),
  outputs: z.array(Tensor),
});
const Ready = z.object({ ready: z.literal(true) });
const Inferred = z.object({
  model_name: z.string(),
  model_version: z.string(),
  id: z.string(),
  outputs: z.array(Tensor.extend({ data: z.array(z.number()) })),
});

/** Clients of other makes, and flights that no data tell of. */
export function protocol(setting: Setting): Step[] {
  return [
    {
      id: 'open-inference',
      title: 'A client of the Open Inference Protocol asks with features of its own',
      expected:
        'health, metadata with the signature, and a probability for each row, a missing value included',
      run: async () => {
        const gateway = new FlightGateway(sceneOf(setting).gatewayUrl, MODEL);
        const { metadata, inferred } = await until('the protocol', TIMEOUT_MS, () => converse(gateway));
        const [input] = metadata.inputs;
        const [output] = inferred.outputs;
        const scores = output?.data ?? [];
        if (
          inferred.model_version !== String(setting.first) ||
          !metadata.versions.includes(String(setting.first))
        )
          throw new NotSeen(`version ${inferred.model_version} answered, not ${setting.first}`);
        if (output?.shape.join() !== '2' || !scores.every((score) => score > 0 && score < 1))
          throw new NotSeen(`the answer is ${JSON.stringify(inferred.outputs)}`);
        return {
          seen: `${input?.name ?? ''} ${input?.datatype ?? ''} [${input?.shape.join(', ') ?? ''}] → ${output.name} ${scores.map((score) => score.toFixed(3)).join(', ')}`,
          facts: { metadata, inferred },
        };
      },
    },
    {
      id: 'unknown-airport',
      title: 'A flight between airports that nobody has flown from',
      expected: 'a probability all the same: the model knows what to do without history',
      run: async () => {
        const gateway = new FlightGateway(sceneOf(setting).gatewayUrl, MODEL);
        const flight = { flightId: 'unknown-airport', origin: 'XXA', destination: 'XXB', hour: 3 };
        const { score, version } = await until('an answer', TIMEOUT_MS, () => gateway.ask(flight));
        if (!(score > 0 && score < 1)) throw new NotSeen(`the score is ${score}`);
        return { seen: `version ${version} says ${score.toFixed(3)}`, facts: { score, version } };
      },
    },
  ];
}

async function converse(gateway: FlightGateway) {
  const model = `/v2/models/${MODEL}`;
  Ready.parse(await gateway.get('/v2/health/ready'));
  Ready.parse(await gateway.get(`${model}/ready`));
  const metadata = Metadata.parse(await gateway.get(model));
  const [input] = metadata.inputs;
  const width = input?.shape.at(-1) ?? 0;
  if (input?.datatype !== 'FP32' || width < 1)
    throw new NotSeen(`the model takes ${JSON.stringify(metadata.inputs)}`);
  // A row of plain numbers, and one without its last value.
  const rows = [Array<number>(width).fill(0.2), [...Array<number>(width - 1).fill(0.2), null]];
  const inferred = Inferred.parse(
    await gateway.post(`${model}/infer`, {
      id: 'open-inference',
      inputs: [{ name: input.name, shape: [rows.length, width], datatype: input.datatype, data: rows }],
    }),
  );
  return { metadata, inferred };
}
