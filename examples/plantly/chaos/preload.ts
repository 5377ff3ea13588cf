// Loaded by `--import` into the product's processes of a chaos run, before anything else: lets them be killed at
// chosen moments and their wall clock be off. The product itself knows nothing of it.
import { isMainThread } from 'node:worker_threads';
import { PRODUCT_PROCESSES } from '../../../src/embedded/product-processes.ts';
import { SABOTAGE_VARIABLE, Saboteur } from './sabotage.ts';

const CLOCK_POLL_MS = 200;

const folder = process.env[SABOTAGE_VARIABLE];
const main = process.argv[1] ?? '';
const self = PRODUCT_PROCESSES.find((product) => main.endsWith(product.main))?.name;
if (isMainThread && folder !== undefined && self !== undefined)
  await sabotage(new Saboteur(folder, self), self);

async function sabotage(saboteur: Saboteur, name: string): Promise<void> {
  bendClock(saboteur);
  await dieAfterCommits(saboteur);
  await dieAfterPuts(saboteur);
  if (name === 'worker-control') await dieBeforeNotes(saboteur);
  if (name === 'api') await dieAfterTemporal(saboteur);
  if (name.startsWith('worker-')) await dieAroundActivities(saboteur);
}

/** `Date` tells another time; timers and monotonic clocks are right, as when a machine's clock is set. */
function bendClock(saboteur: Saboteur): void {
  let offsetMs = 0;
  const follow = (): void => {
    const wanted = saboteur.clockOffsetMs();
    if (wanted === offsetMs) return;
    offsetMs = wanted;
    saboteur.tellClock(wanted);
  };
  follow();
  setInterval(follow, CLOCK_POLL_MS).unref();
  const Real = Date;
  const now = (): number => Real.now() + offsetMs;
  globalThis.Date = new Proxy(Real, {
    apply: () => new Real(now()).toString(),
    construct: (target, args: unknown[], newTarget: new () => object) =>
      Reflect.construct(
        target,
        args.length === 0 ? [now()] : args,
        newTarget === Date ? target : newTarget,
      ) as object,
    get: (target, property, receiver) =>
      property === 'now' ? now : (Reflect.get(target, property, receiver) as unknown),
  });
}

type AnyFunction = (this: unknown, ...args: unknown[]) => unknown;

/** Wraps a method of a prototype; `after` runs once what it returned has settled well. */
function wrap(prototype: object, method: string, after: (args: readonly unknown[]) => void): void {
  const methods = prototype as Record<string, AnyFunction>;
  const original = methods[method];
  if (!original) throw new Error(`there is no method ${method} any more`);
  methods[method] = function wrapped(...args) {
    const result = original.apply(this, args);
    if (!(result instanceof Promise)) return result;
    return result.then((value: unknown) => {
      after(args);
      return value;
    });
  };
}

/** The names of tables are lower case, so `FOR UPDATE SKIP LOCKED` and `DO UPDATE SET` name none. */
const CHANGE = /\b(INSERT INTO|UPDATE|DELETE FROM) ([a-z_]+)/;

async function dieAfterCommits(saboteur: Saboteur): Promise<void> {
  const { default: pg } = await import('pg');
  // A statement without a transaction commits by itself; only the pool sends such.
  wrap(pg.Pool.prototype, 'query', ([query]) => {
    const text = typeof query === 'string' ? query : (query as { readonly text: string }).text;
    const [, change, table] = CHANGE.exec(text) ?? [];
    if (change && table) saboteur.pass('after-commit', `after ${change} ${table}`);
  });
  wrap(pg.Client.prototype, 'query', ([query]) => {
    if (query === 'COMMIT') saboteur.pass('after-commit', 'after a commit');
  });
}

async function dieAfterPuts(saboteur: Saboteur): Promise<void> {
  const { CompleteMultipartUploadCommand, PutObjectCommand, S3Client } = await import('@aws-sdk/client-s3');
  wrap(S3Client.prototype, 'send', ([command]) => {
    if (command instanceof PutObjectCommand || command instanceof CompleteMultipartUploadCommand)
      saboteur.pass('after-put', 'after an object was stored');
  });
}

const NOTE = /\bINSERT INTO (deliveries|outgoing_webhook_attempts)\b/;

/** By then the mail, the Slack message or the webhook has been taken. */
async function dieBeforeNotes(saboteur: Saboteur): Promise<void> {
  const { default: pg } = await import('pg');
  const client = pg.Client.prototype as unknown as Record<string, AnyFunction>;
  const { query } = client;
  if (!query) throw new Error('there is no method query any more');
  client['query'] = function queryOrDie(...args) {
    const [first] = args;
    const text = typeof first === 'string' ? first : (first as { readonly text?: string } | undefined)?.text;
    const [, table] = NOTE.exec(text ?? '') ?? [];
    if (table) saboteur.pass('before-note', `before a note in ${table}`);
    return query.apply(this, args);
  };
}

async function dieAfterTemporal(saboteur: Saboteur): Promise<void> {
  const { WorkflowClient } = await import('@temporalio/client');
  // The last is what `executeUpdate` of a handle comes down to.
  for (const method of ['executeUpdateWithStart', 'signalWithStart', '_startUpdateHandler'])
    wrap(WorkflowClient.prototype, method, () =>
      saboteur.pass('after-temporal', `after Temporal took ${method.replace(/^_|Handler$/g, '')}`),
    );
}

async function dieAroundActivities(saboteur: Saboteur): Promise<void> {
  const { Worker } = await import('@temporalio/worker');
  const create = Worker.create.bind(Worker);
  Worker.create = (options) =>
    create({
      ...options,
      interceptors: {
        ...options.interceptors,
        activity: [
          ...(options.interceptors?.activity ?? []),
          (context) => ({
            inbound: {
              async execute(input, next) {
                const { activityType } = context.info;
                saboteur.noteActivity(activityType);
                saboteur.pass('before-activity', `before activity ${activityType}`);
                const result: unknown = await next(input);
                saboteur.pass('after-activity', `after activity ${activityType}`);
                return result;
              },
            },
          }),
        ],
      },
    });
}
