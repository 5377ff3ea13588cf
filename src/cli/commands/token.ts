import type { Command } from 'commander';
import { NewTokenAnswer, TokenAnswer } from '../../contracts/api/answers.ts';
import { USAGE } from '../../errors/cli-errors.ts';
import { PerennialError } from '../../errors/define-error.ts';
import { contextOf } from '../context.ts';
import { listIn } from '../list-in.ts';
import { ago, renderTable } from '../render.ts';

/** Days until a token ends; null for no end, which is only ever said in words. */
function daysArgument(text: string): number | null {
  if (text === 'never') return null;
  const days = Number(text);
  if (!Number.isInteger(days) || days < 1)
    throw new PerennialError(
      USAGE,
      `--expires-in-days "${text}" is neither a whole number of days nor "never"`,
    );
  return days;
}

export function addTokenCommands(program: Command): void {
  const token = program.command('token').description('tokens of the API (role admin)');
  token
    .command('create')
    .description('make a token; it is shown once')
    .argument('<actor>', 'who it stands for')
    .requiredOption('--role <role...>', 'viewer, data-scientist, ml-engineer, compliance, on-call, admin')
    .option('--expires-in-days <days>', 'default 90; "never" for no end', '90')
    .addHelpText('after', '\nExample:\n  perennial token create ada --role ml-engineer on-call')
    .action(async (actor: string, options: { role: string[]; expiresInDays: string }, command: Command) => {
      const context = contextOf(command);
      const expiresInDays = daysArgument(options.expiresInDays);
      const answer = NewTokenAnswer.parse(
        await context.api.post('/v1/tokens', { actor, roles: options.role, expiresInDays }),
      );
      context.print(
        answer,
        () =>
          `${answer.token}\n\nfor ${answer.actor} (${answer.roles.join(', ')}), until ${answer.expiresAt ?? 'revoked'}. It is not shown again.`,
      );
    });
  token
    .command('list')
    .description('all tokens, without their secrets')
    .addHelpText('after', '\nExample:\n  perennial token list --json')
    .action(async (_options: unknown, command: Command) => {
      const context = contextOf(command);
      const tokens = listIn('tokens', TokenAnswer, await context.api.get('/v1/tokens'));
      context.print(tokens, () =>
        renderTable(
          ['token', 'actor', 'roles', 'created', 'expires', 'revoked', 'last used'],
          tokens.map((t) => [
            t.tokenId,
            t.actor,
            t.roles.join(', '),
            ago(t.createdAt, context.now),
            t.expiresAt?.slice(0, 10),
            t.revokedAt?.slice(0, 10),
            t.lastUsedAt && ago(t.lastUsedAt, context.now),
          ]),
        ),
      );
    });
  token
    .command('revoke')
    .description('end a token at once')
    .argument('<token>', 'its id, as `token list` shows it')
    .addHelpText('after', '\nExample:\n  perennial token revoke ea2fac54064a8b12')
    .action(async (id: string, _options: unknown, command: Command) => {
      const context = contextOf(command);
      const answer = await context.api.post(`/v1/tokens/${encodeURIComponent(id)}/revoke`);
      context.print(answer, () => `token ${id} is revoked`);
    });
}
