import type { Notice } from '../contracts/activities/control.ts';
import { effectiveSpec } from '../domain/spec/effective-spec.ts';
import { PerennialError, isPerennialError } from '../errors/define-error.ts';
import { DEPENDENCY_UNAVAILABLE, MODEL_NOT_FOUND } from '../errors/lifecycle-errors.ts';
import type { Logger } from '../platform/logger.ts';
import type { Database } from '../registry/database.ts';
import { recordDelivery, threadStart, wasDelivered } from '../registry/deliveries.ts';
import { loadSpecRecord } from '../registry/specs.ts';
import { ACTION_LINK_TTL_MS, actionUrl } from './action-link.ts';
import type { NotificationChannel } from './notification-channel.ts';
import { recipientsOf } from './recipients.ts';
import type { DefaultRecipients, Recipient } from './recipients.ts';

/**
 * A call that has sent for this long leaves the rest to the next try. Under the minute that an attempt has: past that the
 * next would begin beside this one, and send what is being sent.
 */
const SENDING_LIMIT_MS = 25_000;

export interface NotificationParts {
  readonly db: Database;
  /** Those that are configured. */
  readonly channels: readonly NotificationChannel[];
  readonly defaults: DefaultRecipients;
  /** Where people reach the API; without a trailing slash. */
  readonly publicUrl: string;
  readonly linkSecret: string;
  readonly log: Logger;
}

/**
 * Sends a notice to every recipient that has not had it. Each delivery is noted at once, so that a repeated call sends
 * only what is missing; a message is sent twice only when this process dies, or the answer is lost, between the
 * sending and the note (at least once). A recipient that is refused for good hinders nobody else: the call fails only
 * when no one could be reached, or when another try may help: also for those whose turn did not come in time.
 * @returns `channel:recipient` of all who have it, from this call or before.
 * @throws PerennialError NOTIFICATION_REFUSED, NOTIFICATION_RATE_LIMITED, DEPENDENCY_UNAVAILABLE
 */
export async function deliverNotice(
  parts: NotificationParts,
  notice: Notice,
  limitMs = SENDING_LIMIT_MS,
): Promise<string[]> {
  const { channels, log } = parts;
  const wanted = await recipients(parts, notice);
  const reachable = wanted.filter(({ channel }) => channels.some(({ name }) => name === channel));
  if (reachable.length === 0) {
    const why = wanted.length === 0 ? 'nobody is named' : 'no channel of theirs is configured';
    log.warn({ key: notice.key, title: notice.title }, `a notice reaches nobody: ${why}`);
    return [];
  }
  const delivered: string[] = [];
  const failures: Error[] = [];
  const began = performance.now();
  for (const recipient of reachable) {
    if (performance.now() - began > limitMs) {
      const rest = String(reachable.length - reachable.indexOf(recipient));
      failures.push(
        new PerennialError(DEPENDENCY_UNAVAILABLE, `the channels are slow; ${rest} recipients follow`),
      );
      break;
    }
    try {
      await deliverTo(parts, notice, recipient);
      delivered.push(`${recipient.channel}:${recipient.address}`);
    } catch (error) {
      failures.push(error instanceof Error ? error : new Error(String(error)));
      const { channel, address } = recipient;
      log.error({ err: error, key: notice.key, channel, recipient: address }, 'a notice was not delivered');
    }
  }
  const retryable = failures.find((error) => !isPerennialError(error) || error.retry === 'later');
  if (retryable !== undefined) throw retryable;
  if (delivered.length === 0 && failures[0] !== undefined) throw failures[0];
  return delivered;
}

async function recipients(parts: NotificationParts, notice: Notice): Promise<Recipient[]> {
  const { model, environment } = notice;
  const notifications = await loadSpecRecord(parts.db, { model, environment }).then(
    (record) => effectiveSpec(record.spec, environment).notifications,
    (error: unknown) => {
      // A notice about a model that was removed still has its readers.
      if (error instanceof PerennialError && error.code === MODEL_NOT_FOUND.code) return null;
      throw error;
    },
  );
  return recipientsOf(notifications, parts.defaults, notice.escalate);
}

async function deliverTo(parts: NotificationParts, notice: Notice, to: Recipient): Promise<void> {
  const target = { channel: to.channel, recipient: to.address };
  if (await wasDelivered(parts.db, notice.key, target)) return;
  const channel = parts.channels.find(({ name }) => name === to.channel);
  if (!channel) return;
  const began = await threadStart(parts.db, notice.thread, target);
  const expiresAt = Date.now() + ACTION_LINK_TTL_MS;
  const { model, environment } = notice;
  const { externalId } = await channel.send({
    notice,
    recipient: to.address,
    links: notice.actions.map(({ label, act }) => ({
      label,
      url: actionUrl(parts.publicUrl, parts.linkSecret, {
        model,
        environment,
        act,
        recipient: to.address,
        expiresAt,
      }),
    })),
    thread: began === null ? null : { externalId: began },
  });
  await recordDelivery(parts.db, { ...target, key: notice.key, thread: notice.thread, externalId });
}
