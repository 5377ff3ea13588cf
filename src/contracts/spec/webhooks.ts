import { z } from 'zod';
import { WEBHOOK_EVENTS } from '../../domain/webhook-event.ts';
import { Name, SecretName } from './names.ts';

const MAX_URL_CHARS = 2000;

/** User names, passwords and fragments have no place in an address that is logged. */
const WebhookUrl = z
  .url({ protocol: /^https?$/ })
  .max(MAX_URL_CHARS)
  .refine(
    (text) => !/^\w+:\/\/[^/?#]*@/.test(text) && !text.includes('#'),
    'a https:// address without user, password and #fragment, or the NAME of an environment variable that holds one',
  );

export const WebhookEndpoint = z.strictObject({
  name: Name.describe('Names the endpoint in the delivery log.'),
  url: z
    .union([SecretName, WebhookUrl], {
      error:
        'a https:// address without user, password and #fragment, or the NAME of an environment variable that holds one',
    })
    .describe('The address, or the name of the environment variable of the workers that holds it.'),
  secret: SecretName.describe(
    'The name of the environment variable with the secret that signs: text, or `whsec_` and base64.',
  ),
  events: z
    .array(z.enum(WEBHOOK_EVENTS))
    .min(1)
    .default([...WEBHOOK_EVENTS])
    .describe('What is told; everything when left out.'),
});
export type WebhookEndpoint = z.infer<typeof WebhookEndpoint>;

export const WebhookEndpoints = z
  .array(WebhookEndpoint)
  .max(20)
  .refine(
    (endpoints) => new Set(endpoints.map(({ name }) => name)).size === endpoints.length,
    'two webhooks have the same name',
  )
  .default([]);
