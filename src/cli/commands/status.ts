import type { Command } from 'commander';
import pc from 'picocolors';
import type { z } from 'zod';
import { ModelStatus, ModelSummary, Version, VersionDetail } from '../../contracts/api/answers.ts';
import { utcTime } from '../../domain/utc-time.ts';
import type { ApiClient } from '../api-client.ts';
import { contextOf } from '../context.ts';
import { listIn } from '../list-in.ts';
import { renderProduction } from '../render-production.ts';
import { ago, clip, paint, renderTable } from '../render.ts';

/** What is going on, one line for each thing under way; the commands that would act on it beside it. */
function underWay(status: ModelStatus): string[] {
  const { live, model } = status;
  if (live === null)
    return [pc.yellow(`workflows do not answer: ${status.liveProblem ?? 'no reason given'}`)];
  const lines: string[] = [];
  const { lifecycle, promotion, rollout } = live;
  if (lifecycle?.paused)
    lines.push(`${pc.yellow('paused')} by ${lifecycle.paused.by}: ${lifecycle.paused.reason}`);
  lines.push(...renderProduction(status));
  if (promotion && promotion.phase === 'approval' && promotion.approval) {
    const { approval } = promotion;
    lines.push(
      `version ${promotion.version} waits for approval (${approval.votes.length} of ${approval.quorum}; ${approval.roles.join(' or ')}) until ${utcTime(approval.expiresAt)}`,
      pc.dim(
        `  perennial card ${model} ${promotion.version}; perennial approve ${model} ${promotion.version} --reason "…"`,
      ),
    );
  } else if (promotion && promotion.phase !== 'finished' && !rollout) {
    lines.push(
      `version ${promotion.version}: ${promotion.phase}${promotion.detail ? `, ${promotion.detail}` : ''}`,
    );
  }
  if (rollout && rollout.phase !== 'finished') {
    const look = rollout.looks.at(-1);
    lines.push(
      `version ${rollout.version} rolls out: ${rollout.phase} at ${rollout.weight} %${rollout.paused ? `, ${pc.yellow('paused')}: ${rollout.paused.reason}` : ''}${look ? `; last look ${paint(look.verdict.kind)}: ${look.verdict.reason}` : ''}`,
    );
  }
  if (lifecycle?.waitingTrigger) lines.push(`waiting to start: ${lifecycle.waitingTrigger.trigger.reason}`);
  if (lifecycle?.episode)
    lines.push(`drift episode: ${lifecycle.episode.cause} (${lifecycle.episode.strikes} strikes)`);
  return lines;
}

/** Stages in which a version stands still, and a person wants to know why. */
const ENDED: ReadonlySet<string> = new Set([
  'failed',
  'rejected',
  'denied',
  'expired',
  'aborted',
  'rolled_back',
  'rollback_failed',
  'quarantined',
]);
const REASON_CHARS = 300;

/** How the newest version ended, when it did not make it. */
async function newestEnd(api: ApiClient, status: ModelStatus): Promise<string[]> {
  const { model, latestVersion, latestStage } = status;
  if (latestVersion === null || latestStage === null || !ENDED.has(latestStage)) return [];
  const detail = VersionDetail.parse(
    await api.get(`/v1/models/${encodeURIComponent(model)}/versions/${latestVersion}`),
  );
  const reason = detail.stages.findLast(({ stage }) => stage === latestStage)?.reason;
  return [
    `version ${latestVersion} ended ${paint(latestStage)}${reason === undefined ? '' : `: ${clip(reason, REASON_CHARS)}`}`,
  ];
}

function renderStatus(status: ModelStatus, ended: readonly string[], now: number): string {
  const route = status.route
    ? `${status.route.weights.map(({ version, weight }) => `v${version} ${weight} %`).join(', ')}${status.route.shadow.length > 0 ? `, shadow v${status.route.shadow.join(', v')}` : ''} (generation ${status.route.generation})`
    : pc.dim('nothing is served');
  const champion = status.champion === null ? pc.dim('none yet') : pc.green(`version ${status.champion}`);
  const lines = [
    `${pc.bold(status.model)} in ${status.environment}: ${status.description}`,
    `  champion  ${champion}`,
    `  traffic   ${route}`,
    `  spec      revision ${status.specRevision}`,
    ...[...ended, ...underWay(status)].map((line) => `  ${line}`),
  ];
  if (status.incidents.length > 0) {
    const rows = status.incidents.map((i) => [
      paint(i.severity),
      paint(i.status),
      i.incidentId,
      i.title,
      ago(i.openedAt, now),
    ]);
    lines.push('', renderTable(['severity', 'status', 'incident', 'what', 'opened'], rows));
  }
  return lines.join('\n');
}

function renderVersions(versions: readonly z.infer<typeof Version>[], now: number): string {
  return renderTable(
    ['version', 'stage', 'requested by', 'spec', 'artifact', 'created'],
    versions.map((v) => [
      v.version,
      paint(v.stage),
      v.requestedBy,
      v.specRevision,
      v.artifact?.slice(0, 12),
      ago(v.createdAt, now),
    ]),
  );
}

export function addStatusCommands(program: Command): void {
  program
    .command('status')
    .description('what a model is doing now; all models when none is named')
    .argument('[model]')
    .addHelpText('after', '\nExamples:\n  perennial status\n  perennial status churn --json | jq .champion')
    .action(async (model: string | undefined, _options: unknown, command: Command) => {
      const context = contextOf(command);
      if (model !== undefined) {
        const status = ModelStatus.parse(await context.api.get(`/v1/models/${encodeURIComponent(model)}`));
        const ended = context.json ? [] : await newestEnd(context.api, status);
        context.print(status, () => renderStatus(status, ended, context.now));
        return;
      }
      const models = listIn('models', ModelSummary, await context.api.get('/v1/models'));
      context.print(models, () =>
        models.length === 0
          ? 'no model yet: perennial apply perennial.yaml'
          : renderTable(
              ['model', 'environment', 'champion', 'latest', 'stage', 'incidents', 'team'],
              models.map((m) => [
                m.model,
                m.environment,
                m.champion,
                m.latestVersion,
                m.latestStage && paint(m.latestStage),
                m.openIncidents,
                m.team,
              ]),
            ),
      );
    });

  program
    .command('versions')
    .description('the versions of a model, newest first')
    .argument('<model>')
    .addHelpText('after', '\nExample:\n  perennial versions churn')
    .action(async (model: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      const path = `/v1/models/${encodeURIComponent(model)}`;
      const versions = listIn('versions', Version, await context.api.get(`${path}/versions`));
      const producing = versions.some(({ stage }) => stage === 'producing');
      const steps =
        producing && !context.json ? renderProduction(ModelStatus.parse(await context.api.get(path))) : [];
      context.print(versions, () =>
        versions.length === 0
          ? `no version yet: perennial trigger ${model} --reason "first version"`
          : [renderVersions(versions, context.now), ...(steps.length > 0 ? ['', ...steps] : [])].join('\n'),
      );
    });
}
