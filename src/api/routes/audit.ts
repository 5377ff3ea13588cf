import { z } from 'zod';
import { AuditCheckAnswer, AuditEventAnswer } from '../../contracts/api/answers.ts';
import { AuditQuery } from '../../contracts/api/requests.ts';
import { verifyAudit } from '../../registry/audit.ts';
import { listAudit } from '../../registry/timeline.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { answers } from './route-schemas.ts';

export function registerAuditRoutes(app: ApiInstance, deps: ApiDependencies): void {
  app.get(
    '/audit',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['audit'],
        summary: 'The audit log in order; page on with `after`',
        querystring: AuditQuery,
        response: answers(z.object({ events: z.array(AuditEventAnswer).readonly() })),
      },
    },
    async (request) => ({ events: await listAudit(deps.db, request.query) }),
  );

  app.get(
    '/audit/verify',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['audit'],
        summary: 'Recompute the whole hash chain',
        response: answers(AuditCheckAnswer),
      },
    },
    () => verifyAudit(deps.db),
  );
}
