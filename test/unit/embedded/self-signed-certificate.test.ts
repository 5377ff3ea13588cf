import { createPrivateKey, X509Certificate } from 'node:crypto';
import { connect, createServer } from 'node:tls';
import type { AddressInfo } from 'node:net';
import { describe, expect, it } from 'vitest';
import { makeSelfSignedCertificate } from '../../../src/embedded/self-signed-certificate.ts';

describe('makeSelfSignedCertificate', () => {
  it('makes a certificate that OpenSSL reads, valid now, for localhost and 127.0.0.1, signed by its own key', () => {
    const made = makeSelfSignedCertificate();
    const certificate = new X509Certificate(made.certificate);
    expect(certificate.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1');
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.checkPrivateKey(createPrivateKey(made.key))).toBe(true);
    expect(new Date(certificate.validFrom).getTime()).toBeLessThan(Date.now());
    expect(new Date(certificate.validTo).getFullYear()).toBeGreaterThan(new Date().getFullYear() + 8);
  });

  it('is accepted by a client that trusts it and refused by one that does not', async () => {
    const { key, certificate } = makeSelfSignedCertificate();
    const server = createServer({ key, cert: certificate }, (socket) => socket.end());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const handshake = (ca?: string): Promise<string> =>
      new Promise((resolve) => {
        const socket = connect({ host: '127.0.0.1', port, ...(ca === undefined ? {} : { ca }) }, () => {
          socket.destroy();
          resolve('trusted');
        });
        socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''));
      });
    expect(await handshake(certificate)).toBe('trusted');
    expect(await handshake()).toBe('DEPTH_ZERO_SELF_SIGNED_CERT');
    server.close();
  });
});
