import type { FastifyReply } from 'fastify';
import { z } from 'zod';
import type { Actor } from '../../domain/actor.ts';
import { assertNever } from '../../errors/assert-never.ts';
import { ACTION_LINK_EXPIRED, ACTION_LINK_INVALID } from '../../errors/api-errors.ts';
import { isPerennialError, PerennialError } from '../../errors/define-error.ts';
import { verifyActionLink } from '../../notifications/action-link.ts';
import type { ActionGrant } from '../../notifications/action-link.ts';
import { getIncident } from '../../registry/incidents.ts';
import { codedError } from '../error-answer.ts';
import { html } from '../../platform/html-template.ts';
import type { Html } from '../../platform/html-template.ts';
import { page, PAGE_SECURITY_POLICY } from '../html-page.ts';
import { incidentPage, reviewPage } from '../action-views.ts';
import type { ApiDependencies, ApiInstance } from '../api-instance.ts';

const MAX_FORM_BYTES = 1024;
const ActParams = z.object({ token: z.string().max(4096) });

function sendPage(reply: FastifyReply, status: number, title: string, body: Html): FastifyReply {
  return reply
    .code(status)
    .header('content-security-policy', PAGE_SECURITY_POLICY)
    .type('text/html; charset=utf-8')
    .send(page(title, body));
}

/**
 * The pages behind the links of messages. Opening one changes nothing (mail scanners follow links); its button acts,
 * under the name of whom the message went to.
 */
export function registerActionPages(app: ApiInstance, deps: ApiDependencies): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  app.setErrorHandler((error, request, reply) => {
    const coded = codedError(error);
    if (coded.status >= 500) request.log.error({ err: error, code: coded.code }, 'action page failed');
    return sendPage(
      reply,
      coded.status,
      isPerennialError(error) ? 'This did not work' : 'Something went wrong',
      html`<p>${coded.message}</p>
        <p class="note">${coded.code}, request ${request.id}</p>`,
    );
  });

  function grantOf(token: string): ActionGrant {
    const check = verifyActionLink(deps.linkSecret, token, deps.now());
    switch (check.kind) {
      case 'valid':
        if (check.grant.environment === deps.environment) return check.grant;
        throw new PerennialError(
          ACTION_LINK_INVALID,
          `the link is for environment ${check.grant.environment}; this server serves ${deps.environment}`,
        );
      case 'expired':
        throw new PerennialError(
          ACTION_LINK_EXPIRED,
          'this link has expired; use the CLI, or wait for the next reminder',
        );
      case 'invalid':
        throw new PerennialError(
          ACTION_LINK_INVALID,
          'this link was cut short on its way, or was not made here',
        );
      default:
        return assertNever(check);
    }
  }

  async function show(grant: ActionGrant, done: string | null): Promise<{ title: string; body: Html }> {
    switch (grant.act.kind) {
      case 'acknowledge':
        return incidentPage(deps, grant.act.incidentId, { button: true, done });
      case 'view_incident':
        return incidentPage(deps, grant.act.incidentId, { button: false, done });
      case 'review':
        return reviewPage(deps, { ...grant, version: grant.act.version });
      default:
        return assertNever(grant.act);
    }
  }

  const options = { bodyLimit: MAX_FORM_BYTES, schema: { params: ActParams, hide: true } };

  app.get('/act/:token', options, async (request, reply) => {
    const { title, body } = await show(grantOf(request.params.token), null);
    return sendPage(reply, 200, title, body);
  });

  app.post('/act/:token', options, async (request, reply) => {
    const grant = grantOf(request.params.token);
    const done = await act(grant);
    const { title, body } = await show(grant, done);
    return sendPage(reply, 200, title, body);
  });

  /** Only an acknowledgement is done by link: an approval takes a token, whose holder is known. */
  async function act(grant: ActionGrant): Promise<string | null> {
    if (grant.act.kind !== 'acknowledge') return null;
    const { incidentId } = await getIncident(deps.db, grant.act.incidentId, deps.environment);
    const actor: Actor = { id: grant.recipient, roles: ['on-call'] };
    await deps.lifecycle.acknowledge(incidentId, {
      actor,
      reason: 'acknowledged by the link in the message',
    });
    return `Acknowledged as ${grant.recipient}.`;
  }
}
