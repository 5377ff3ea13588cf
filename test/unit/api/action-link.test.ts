import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { actionUrl, signActionLink, verifyActionLink } from '../../../src/notifications/action-link.ts';

const grant = {
  act: { kind: 'acknowledge', incidentId: 'drift/1' },
  model: 'ranker',
  environment: 'prod',
  recipient: 'otto@example.com',
  expiresAt: 1000,
} as const;

describe('an action link', () => {
  it('carries its grant to whoever has the secret', () => {
    const token = signActionLink('secret', grant);
    expect(verifyActionLink('secret', token, 999)).toEqual({ kind: 'valid', grant });
    expect(token).toMatch(/^[\w-]+\.[\w-]+$/);
    expect(actionUrl('https://ml.example.com', 'secret', grant)).toBe(`https://ml.example.com/act/${token}`);
  });

  it('expires at its time', () => {
    expect(verifyActionLink('secret', signActionLink('secret', grant), 1000).kind).toBe('expired');
  });

  it('is invalid once any character of it is changed', () => {
    const token = signActionLink('secret', grant);
    fc.assert(
      fc.property(fc.nat(token.length - 1), fc.constantFrom('A', 'z', '-', '.', '='), (at, character) => {
        const changed = token.slice(0, at) + character + token.slice(at + 1);
        const check = verifyActionLink('secret', changed, 999);
        // The last characters of base64 hold spare bits: such a text is the same token.
        expect(
          check.kind === 'invalid' || JSON.stringify(check) === JSON.stringify({ kind: 'valid', grant }),
        ).toBe(true);
      }),
    );
  });

  it('never throws on what somebody made up', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        expect(verifyActionLink('secret', text, 0).kind).toBe('invalid');
      }),
    );
  });
});
