import { z } from 'zod';
import { ErrorAnswer } from '../../contracts/api/error-answer.ts';
import { PerennialError } from '../../errors/define-error.ts';
import type { Problem } from '../../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE } from '../../errors/lifecycle-errors.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';

const READY_TIMEOUT_MS = 2_000;

async function within<T>(what: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error('timed out')), READY_TIMEOUT_MS);
  });
  return Promise.race([what, late]).finally(() => clearTimeout(timer));
}

export function registerHealthRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const Ok = z.object({ status: z.literal('ok'), environment: z.string() });
  const ok = { status: 'ok' as const, environment: deps.environment };

  app.get(
    '/healthz',
    { schema: { tags: ['health'], security: [], summary: 'This process runs', response: { 200: Ok } } },
    () => Promise.resolve(ok),
  );

  app.get(
    '/readyz',
    {
      schema: {
        tags: ['health'],
        security: [],
        summary: 'PostgreSQL and Temporal answer',
        response: { 200: Ok, '5xx': ErrorAnswer },
      },
    },
    async () => {
      const { connection } = deps.temporal;
      const checks: readonly (readonly [string, () => Promise<unknown>])[] = [
        ['postgres', () => deps.db.query('SELECT 1')],
        [
          'temporal',
          () =>
            connection.withDeadline(Date.now() + READY_TIMEOUT_MS, () =>
              connection.workflowService.getSystemInfo({}),
            ),
        ],
      ];
      const problems: Problem[] = [];
      await Promise.all(
        checks.map(([name, check]) =>
          within(check()).catch(() => problems.push({ path: name, message: 'does not answer' })),
        ),
      );
      if (problems.length === 0) return ok;
      const names = problems.map((problem) => problem.path).join(' and ');
      throw new PerennialError(DEPENDENCY_UNAVAILABLE, `${names} did not answer`, { problems });
    },
  );
}
