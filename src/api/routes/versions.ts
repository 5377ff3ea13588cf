import { z } from 'zod';
import { DecisionAnswer, GateReportAnswer, Version, VersionDetail } from '../../contracts/api/answers.ts';
import { opaque } from '../../contracts/api/opaque.ts';
import {
  CardQuery,
  EnvironmentQuery,
  ModelParams,
  PageQuery,
  VersionParams,
} from '../../contracts/api/requests.ts';
import type { CardFacts } from '../../domain/card/card-facts.ts';
import { renderCard } from '../../domain/card/render-card.ts';
import { cardFacts } from '../../registry/card-facts.ts';
import { listDecisions, listGateReports } from '../../registry/decisions.ts';
import { versionLineage } from '../../registry/lineage.ts';
import type { Lineage } from '../../registry/lineage.ts';
import { requireModel } from '../../registry/models.ts';
import { getVersion, listVersions, stageHistory } from '../../registry/versions.ts';
import type { VersionRef } from '../../registry/versions.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';
import { answers } from './route-schemas.ts';

const CardAnswer = z.object({
  facts: opaque<CardFacts>('What the card is made of.'),
  markdown: z.string(),
  storedDigest: z.string().nullable().describe('Of the card as it was at registration.'),
});

export function registerVersionRoutes(app: ApiInstance, deps: ApiDependencies): void {
  const { db, environment } = deps;

  async function known(params: { readonly model: string; readonly version: number }): Promise<VersionRef> {
    const ref = { ...params, environment };
    await requireModel(db, ref);
    return ref;
  }

  app.get(
    '/models/:model/versions',
    {
      config: { permission: 'read' },
      schema: {
        tags: ['versions'],
        summary: 'Versions, newest first',
        params: ModelParams,
        querystring: PageQuery,
        response: answers(z.object({ versions: z.array(Version).readonly() })),
      },
    },
    async (request) => {
      const ref = { model: request.params.model, environment };
      await requireModel(db, ref);
      return { versions: await listVersions(db, ref, request.query.limit) };
    },
  );

  const schema = { tags: ['versions'], params: VersionParams, querystring: EnvironmentQuery };

  app.get(
    '/models/:model/versions/:version',
    {
      config: { permission: 'read' },
      schema: { ...schema, summary: 'One version with its stages', response: answers(VersionDetail) },
    },
    async (request) => {
      const ref = await known(request.params);
      return { ...(await getVersion(db, ref)), stages: await stageHistory(db, ref) };
    },
  );

  app.get(
    '/models/:model/versions/:version/card',
    {
      config: { permission: 'read' },
      schema: {
        ...schema,
        querystring: CardQuery,
        summary: 'The model card as of now; `format=markdown` answers text',
        response: answers(z.union([CardAnswer, z.string()])),
      },
    },
    async (request, reply) => {
      const ref = await known(request.params);
      const facts = await cardFacts(db, ref);
      const markdown = renderCard(facts);
      if (request.query.format === 'markdown')
        return reply
          .type('text/markdown; charset=utf-8')
          .serializer((text: string) => text)
          .send(markdown);
      return { facts, markdown, storedDigest: (await getVersion(db, ref)).card };
    },
  );

  app.get(
    '/models/:model/versions/:version/lineage',
    {
      config: { permission: 'read' },
      schema: {
        ...schema,
        summary: 'Back to the source watermarks, forward to what it served',
        response: answers(
          opaque<Lineage>('Run, frame, datasets; stages, gates, decisions, serving periods.'),
        ),
      },
    },
    async (request) => versionLineage(db, await known(request.params)),
  );

  app.get(
    '/models/:model/versions/:version/gates',
    {
      config: { permission: 'read' },
      schema: {
        ...schema,
        summary: 'Every judgement by the gates, oldest first, with its evidence',
        response: answers(z.object({ reports: z.array(GateReportAnswer).readonly() })),
      },
    },
    async (request) => {
      const ref = await known(request.params);
      await getVersion(db, ref);
      return { reports: await listGateReports(db, ref) };
    },
  );

  app.get(
    '/models/:model/versions/:version/decisions',
    {
      config: { permission: 'read' },
      schema: {
        ...schema,
        summary: 'Decisions on the version, oldest first',
        response: answers(z.object({ decisions: z.array(DecisionAnswer).readonly() })),
      },
    },
    async (request) => {
      const ref = await known(request.params);
      await getVersion(db, ref);
      return { decisions: await listDecisions(db, ref) };
    },
  );
}
