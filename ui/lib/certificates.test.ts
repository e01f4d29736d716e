import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { VerifyError } from '#crypto/error.ts';
import {
  type Envelope,
  parseStatement,
  signStatement,
  statementSigner,
  verifyStatement,
} from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import {
  certifiedRoots,
  lastsUntilMs,
  liveCertificates,
  verifyCertificate,
} from './certificates.ts';
import { signRoster } from './founding.ts';

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const site = statementSigner(await importSigner(new Uint8Array(32).fill(1)));
const { key: rootKeys } = statementSigner(await importSigner(new Uint8Array(32).fill(2)));
const certify = (lifeMs: number) =>
  signStatement({ ...commonOf(site, { nowMs, lifeMs }), type: 'root', keys: rootKeys }, site);
const good = await certify(86_400_000);
const short = await certify(1000);
const damaged: Envelope = { ...good, signature: { alg: 'ed25519', signature: 'A'.repeat(86) } };
const device = await signStatement(
  { ...commonOf(site, { nowMs, lifeMs: 86_400_000 }), type: 'device', peer: rootKeys },
  site,
);

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof VerifyError ? error.code : String(error)),
  );

const one = suite('verifyCertificate()');

one('verifyCertificate() takes one for this root set, while it is in force', async () => {
  const { statement } = await verifyCertificate(good, { rootKeys, atMs: nowMs });
  assert.is(statement.by, site.key);
  const refused = (envelope: Envelope, at = { rootKeys, atMs: nowMs + 2000 }) =>
    codeOf(verifyCertificate(envelope, at));
  assert.is(await refused(short), 'expired');
  assert.is(await refused(damaged), 'signature');
  assert.is(await refused(device), 'wrong-kind');
  assert.is(await refused(good, { rootKeys: site.key, atMs: nowMs }), 'not-authorised');
});

one.run();

const live = suite('liveCertificates()');

live('liveCertificates() leaves out what has run out or never held', async () => {
  const malformed: Envelope = { ...good, statement: 'AAAA' };
  const all = [short, good, damaged, device, malformed];
  assert.equal(await liveCertificates(all, nowMs), [short, good]);
  assert.equal(await liveCertificates(all, nowMs + 2000), [good]);
});

live.run();

const listed = suite('certifiedRoots()');

listed(
  'certifiedRoots() says by whose key, for which root, since when and until when',
  async () => {
    const owner = statementSigner(await importSigner(new Uint8Array(32).fill(2)));
    const member = { id: 'olga', name: 'Olga', role: 'owner', key: owner.key } as const;
    const other = await signStatement(
      { ...commonOf(owner, { nowMs, lifeMs: 5000 }), type: 'root', keys: site.key },
      owner,
    );
    const content = { msp: 'Acme IT', version: 2, members: [member], roots: [good, other] };
    const signed = await verifyStatement(await signRoster(content, { signer: owner, nowMs }), {
      ...{ type: 'roster', log: '' },
    });
    const [bySite, byUs, ...more] = certifiedRoots({ statement: signed.statement, rootKeys });
    assert.equal(more, []);
    const { not_before: since, expires: until } = parseStatement(good).statement;
    assert.equal(bySite, {
      ...{ id: good.statement, by: site.key, name: null, keys: rootKeys, isForUs: true },
      ...{ since, until },
    });
    assert.equal(
      [byUs?.id, byUs?.name, byUs?.keys, byUs?.isForUs],
      [other.statement, 'Olga', site.key, false],
    );
    const { roots: _roots, ...alone } = signed.statement;
    assert.equal(certifiedRoots({ statement: alone, rootKeys }), []);
  },
);

listed.run();

const lasts = suite('lastsUntilMs()');

lasts('lastsUntilMs() is when the certificate ends or the roster, whichever comes first', () => {
  const until = new Date(nowMs + 1000).toISOString();
  assert.is(lastsUntilMs({ until }, { expiresAtMs: nowMs + 5000 }), nowMs + 1000);
  assert.is(lastsUntilMs({ until }, { expiresAtMs: nowMs + 500 }), nowMs + 500);
});

lasts.run();
