// What a host answers that was taken: the page takes nothing that a root did not sign, and a root that the host made up
// has another code than the one in the terminal.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import { VerifyError } from '#crypto/error.ts';
import { type Envelope, signStatement, statementSigner } from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { isTyped } from './hand-over.ts';
import { verifyBrought } from './this-computer.ts';

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const keyOf = async (fill: number) =>
  statementSigner(await importSigner(new Uint8Array(32).fill(fill)));
const site = await keyOf(1);
const own = await keyOf(2);
const other = await keyOf(3);

const certify = (by: typeof site, keys = own.key) =>
  signStatement({ ...commonOf(by, { nowMs, lifeMs: 86_400_000 }), type: 'root', keys }, by);
const rosterOf = (by: typeof site, key: string, roots?: Envelope[]) => {
  const common = commonOf(by, { nowMs, lifeMs: 86_400_000 });
  const members = [{ id: 'root', name: 'Root', role: 'owner', key } as const];
  const carried = roots === undefined ? {} : { roots };
  return signStatement(
    { ...common, type: 'roster', msp: 'M', version: 4, members, ...carried },
    by,
  );
};
const certificate = await certify(site);
const roster = await rosterOf(site, site.key);
const answer = { siteId: 's', client: 'C', site: 'S', certificate, roster };
const verify = (said: unknown, atMs = nowMs) => verifyBrought(said, { rootKeys: own.key, atMs });
const unsigned = (envelope: Envelope): Envelope => ({
  ...envelope,
  signature: { alg: 'ed25519', signature: 'A'.repeat(86) },
});

const codeOf = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'none',
    (error: unknown) => (error instanceof VerifyError ? error.code : String(error)),
  );

const brought = suite('verifyBrought()');

brought(
  'verifyBrought() takes members and version from the roster of the site’s root',
  async () => {
    const { by, members, rosterVersion } = await verify(answer);
    assert.equal([by, rosterVersion], [site.key, 4]);
    assert.equal(
      members.map(({ key }) => key),
      [site.key],
    );
  },
);

brought('verifyBrought() takes one by a root that the site’s certified before', async () => {
  const roots = [await certify(site)];
  const { members } = await verify({ ...answer, roster: await rosterOf(own, own.key, roots) });
  assert.is(members[0]?.key, own.key);
});

brought('verifyBrought() takes no member on the host’s word', async () => {
  const members = [{ id: 'admin', name: 'Owner', role: 'owner', key: other.key }];
  const told = await verify({ ...answer, members, rosterVersion: 9 });
  assert.equal([told.members[0]?.key, told.rosterVersion], [site.key, 4]);
});

brought(
  'verifyBrought() refuses what is not signed, or by another root than the site’s',
  async () => {
    const refused = async (over: object) => codeOf(verify({ ...answer, ...over }));
    assert.is(await refused({ certificate: unsigned(certificate) }), 'signature');
    assert.is(await refused({ roster: unsigned(roster) }), 'signature');
    assert.is(await refused({ roster: await rosterOf(other, other.key) }), 'not-authorised');
    assert.is(await refused({ certificate: await certify(site, other.key) }), 'not-authorised');
    assert.is(await refused({ certificate: roster }), 'wrong-kind');
    assert.is(await codeOf(verify(answer, nowMs + 2 * 86_400_000)), 'expired');
  },
);

brought('verifyBrought() gives another code to whatever a host makes up', async () => {
  const { code } = await verify(answer);
  assert.match(code, /^[0-9A-Z]{4}(-[0-9A-Z]{4}){2}$/);
  const invented = await verify({
    ...answer,
    certificate: await certify(other),
    roster: await rosterOf(other, other.key),
  });
  assert.not(isTyped(code, invented.code));
  const { code: grown } = await verify({ ...answer, roster: await rosterOf(site, other.key) });
  assert.not(isTyped(code, grown), 'another roster by the same root');
  assert.ok(isTyped(` ${code.toLowerCase().replaceAll('-', ' ')}`, code));
});

brought('verifyBrought() refuses what is no answer', async () => {
  for (const strange of [null, {}, { ...answer, certificate: null }, { ...answer, roster: [] }]) {
    await verify(strange).then(
      () => assert.unreachable(),
      (error: unknown) => assert.instance(error, Error),
    );
  }
});

brought.run();
