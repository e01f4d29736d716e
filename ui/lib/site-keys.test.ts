// A browser that comes to a site, and a host that lies about its keys. The keeper is one in memory, with the rule of the
// real one: the keys of a site never change.

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { commonOf } from '#appliance/protocol/session-key.ts';
import type { SiteKeys } from '#crypto/site-fingerprints.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { formatRootSet } from '#crypto/root-set.ts';
import {
  type Envelope,
  parseStatement,
  signStatement,
  type StatementOf,
  type StatementSigner,
  statementSigner,
} from '#crypto/statement.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { signRoster } from './founding.ts';
import { type Pinned, type PinnedSite, withPinned } from './keeper.ts';
import { judgeRoster } from './roster-standing.ts';
import {
  judgeSiteKeys,
  keysAlarm,
  pinSiteKeys,
  type ShownSiteKeys,
  signSiteKeys,
  SITE_KEYS_LIFE_MS,
} from './site-keys.ts';

const nowMs = Date.parse('2026-11-21T02:09:14Z');
const DAY_MS = 86_400_000;
const keyOf = async (fill: number) =>
  statementSigner(await importSigner(new Uint8Array(32).fill(fill)));
const logOf = async (fill: number) => {
  const { publicKey } = await importSigner(new Uint8Array(32).fill(fill));
  return formatVerifierKey(verifierKey('console.example/site/a/1', 0x01, publicKey));
};
const owner = await keyOf(1);
const recovery = await keyOf(2);
const mallory = await keyOf(3);
const deputy = await keyOf(4);
const rootKeys = formatRootSet([owner.key, recovery.key]);
const ID = 'c2l0ZS0wMDAwMDAwMDAwMQ';
const OTHER_ID = 'c2l0ZS0wMDAwMDAwMDAwMg';
const real: SiteKeys = { appliance: (await keyOf(5)).key, log: await logOf(6) };
const otherAppliance: SiteKeys = { ...real, appliance: mallory.key };
const otherLog: SiteKeys = { ...real, log: await logOf(7) };

function sign(
  by: StatementSigner,
  { appliance, log }: SiteKeys = real,
  over: Partial<StatementOf<'site'>> = {},
): Promise<Envelope> {
  const common = commonOf(by, { nowMs, lifeMs: 90 * DAY_MS });
  const said = { ...common, type: 'site', site: ID, appliance, log_key: log, version: 1 } as const;
  return signStatement({ ...said, ...over }, by);
}

/** A browser of the organisation. */
class Browser {
  root: Pinned | undefined = { rootKeys, rosterVersion: 1 };
  site: PinnedSite | undefined;
  atMs = nowMs;
  readonly keeper = {
    pinned: () => Promise.resolve(this.root),
    pinnedSite: () => Promise.resolve(this.site),
    pinSite: async (_site: string, keys: PinnedSite) =>
      Promise.resolve(void (this.site = withPinned(this.site, keys))),
  };

  /** Comes to the site as the host shows it. Answers whether it would dial. */
  async visit(signedKeys: Envelope | null, keys = real): Promise<string> {
    try {
      await pinSiteKeys({ id: ID, keys, signedKeys }, this);
      return 'dials';
    } catch (cause) {
      return cause instanceof Error ? cause.message : String(cause);
    }
  }

  async standing(signedKeys: Envelope | null, keys = real): Promise<string> {
    return (await judgeSiteKeys({ id: ID, keys, signedKeys }, this)).signature.kind;
  }
}

const OTHERS = 'Cannot trust site: its keys are not those that this browser knows';
const signed = await sign(owner);

const pins = suite('pinSiteKeys()');

pins('pinSiteKeys() takes at the first visit what a key of the root signed', async () => {
  for (const by of [owner, recovery]) {
    const browser = new Browser();
    assert.is(await browser.visit(await sign(by)), 'dials');
    assert.equal([browser.site?.appliance, browser.site?.signed?.version], [real.appliance, 1]);
    assert.is(await browser.visit(null), 'dials', 'and knows them from then on');
    assert.is(await browser.visit(null, otherAppliance), OTHERS);
  }
});

pins('pinSiteKeys() refuses at the first visit what the host names beside it', async () => {
  for (const keys of [otherAppliance, otherLog]) {
    const browser = new Browser();
    assert.is(await browser.visit(signed, keys), OTHERS);
    assert.is(browser.site?.appliance, real.appliance, 'and knows those that were signed');
    assert.is(await browser.visit(null, keys), OTHERS, 'without the signature as well');
  }
});

pins('pinSiteKeys() refuses a word of nobody, of strangers, and on another site', async () => {
  const forged = await sign(mallory, otherAppliance, { by: owner.key });
  const elsewhere = await sign(owner, otherAppliance, { site: OTHER_ID });
  const usurped = await sign(mallory, otherAppliance);
  const roster = await signRoster({ msp: 'M', version: 1, members: [] }, { signer: owner, nowMs });
  const torn = { statement: 'AAAA' } as unknown as Envelope; // a host may send anything
  for (const lie of [forged, elsewhere, usurped, roster, torn]) {
    const browser = new Browser();
    assert.match(await browser.visit(lie, otherAppliance), /signature of its keys does not hold/);
    assert.is(browser.site, undefined);
    assert.is(await browser.standing(lie), 'bad');
  }
});

pins('pinSiteKeys() goes back to no older signature, and to no second of one number', async () => {
  const browser = new Browser();
  assert.is(await browser.visit(await sign(owner, real, { version: 2 })), 'dials');
  assert.match(await browser.visit(signed), /version 1 is older than 2/);
  const second = await sign(owner, real, { version: 2 });
  assert.match(await browser.visit(second), /another version 2 was seen/);
  assert.is(await browser.visit(await sign(owner, real, { version: 3 })), 'dials');
});

pins('pinSiteKeys() finds out later what it took from the host before', async () => {
  const deceived = new Browser();
  assert.is(await deceived.visit(null, otherAppliance), 'dials', 'nobody had signed');
  for (const keys of [otherAppliance, real]) assert.is(await deceived.visit(signed, keys), OTHERS);
  const early = new Browser();
  early.root = undefined;
  assert.is(await early.visit(signed), 'dials');
  assert.is(early.site?.signed, undefined, 'it could not judge the signature');
  early.root = { rootKeys, rosterVersion: 1 };
  assert.is(await early.visit(signed, otherLog), OTHERS);
});

pins(
  'pinSiteKeys() holds the host to a box that was claimed from here and is not set up',
  async () => {
    const browser = new Browser();
    browser.site = { appliance: real.appliance, log: null, isFromCode: true };
    assert.is(await browser.visit(null, otherAppliance), OTHERS);
    assert.is(await browser.visit(null), 'dials');
    assert.equal(browser.site, real, 'the log is to be compared');
    assert.is(await browser.visit(null, otherLog), OTHERS);
  },
);

pins.run();

const judges = suite('judgeSiteKeys()');

judges('judgeSiteKeys() tells whose word the keys are', async () => {
  const browser = new Browser();
  assert.is(await browser.standing(null), 'none');
  assert.is(await browser.standing(signed), 'holds');
  assert.is(await browser.standing(signed, otherLog), 'holds');
  browser.root = undefined;
  assert.is(await browser.standing(signed), 'unpinned');
  browser.root = { rootKeys: mallory.key, rosterVersion: 1 };
  assert.is(await browser.standing(signed), 'bad', 'of another organisation');
  assert.is(browser.site, undefined, 'to judge pins nothing');
});

judges('judgeSiteKeys() says when a signature has run out, or is shown no more', async () => {
  const browser = new Browser();
  browser.atMs = nowMs + 91 * DAY_MS;
  assert.is(await browser.standing(signed), 'over');
  assert.is(await browser.visit(signed), 'dials');
  assert.is(browser.site?.signed, undefined, 'what has run out signs nothing any more');
  browser.atMs = nowMs;
  assert.is(await browser.visit(signed), 'dials');
  assert.is(await browser.standing(null), 'withheld');
});

judges.run();

const alarms = suite('keysAlarm()');

alarms('keysAlarm() is silent of what nobody signed, and loud of what does not hold', async () => {
  const alarm = async (browser: Browser, envelope: Envelope | null, keys = real) =>
    keysAlarm(await judgeSiteKeys({ id: ID, keys, signedKeys: envelope }, browser));
  const browser = new Browser();
  assert.is(await alarm(browser, null), null);
  assert.is(await alarm(browser, signed), null);
  assert.match((await alarm(browser, signed, otherAppliance)) ?? '', /^The console names other/);
  const usurped = await sign(mallory, otherAppliance);
  assert.match((await alarm(browser, usurped, otherAppliance)) ?? '', /does not hold$/);
  assert.is(await browser.visit(signed), 'dials');
  assert.match((await alarm(browser, null)) ?? '', /no longer shows who signed/);
  assert.match((await alarm(browser, null, otherLog)) ?? '', /^The console names other/);
});

alarms.run();

const signs = suite('signSiteKeys()');

const roster = { msp: 'Acme IT', version: 1, members: [] };

/** The organisation's roster as an owner's browser judges it. */
async function standingRoster(roots: Envelope[] = []) {
  const content = roots.length === 0 ? roster : { ...roster, roots };
  const envelope = await signRoster(content, { signer: owner, nowMs });
  const standing = await judgeRoster(
    { rootKeys, envelope },
    { pinned: { rootKeys, rosterVersion: 1 }, atMs: nowMs },
  );
  if (standing.kind !== 'stands') throw new Error('unreachable: it stands');
  return standing.roster;
}

async function signIn(
  browser: Browser,
  {
    signer = owner,
    signedKeys = null,
    keys = real,
    roots = [],
  }: Partial<ShownSiteKeys> & {
    signer?: StatementSigner;
    roots?: Envelope[];
  } = {},
) {
  const shown = { id: ID, keys, signedKeys };
  const current = await standingRoster(roots);
  const { keeper, atMs } = browser;
  const envelope = await signSiteKeys(shown, { roster: current, signer, keeper, atMs });
  const { statement } = parseStatement(envelope);
  if (statement.type !== 'site') throw new Error('unreachable: it signs nothing else');
  return { envelope, statement };
}

const refusalTo = (run: Promise<unknown>): Promise<string> =>
  run.then(
    () => 'signed',
    (cause: unknown) => String(cause),
  );

signs('signSiteKeys() signs what another browser takes, above what was signed before', async () => {
  const browser = new Browser();
  const first = await signIn(browser);
  assert.is(await new Browser().visit(first.envelope), 'dials');
  assert.is(Date.parse(first.statement.expires), nowMs + SITE_KEYS_LIFE_MS);
  const second = await signIn(browser, { signedKeys: first.envelope, signer: recovery });
  assert.is(second.statement.version, 2);
  assert.is(await browser.visit(second.envelope), 'dials');
  assert.is((await signIn(browser)).statement.version, 3, 'whatever the host shows');
});

signs('signSiteKeys() signs no keys but those that this browser knows', async () => {
  const browser = new Browser();
  await browser.visit(null);
  for (const keys of [otherAppliance, otherLog]) {
    assert.match(await refusalTo(signIn(browser, { keys })), /knows other keys/);
  }
  const fresh = signIn(new Browser(), { keys: otherLog, signedKeys: signed });
  assert.match(await refusalTo(fresh), /knows other keys/, 'nor other ones than were signed');
  const lie = await sign(mallory);
  assert.match(await refusalTo(signIn(browser, { signedKeys: lie })), /does not hold/);
});

signs('signSiteKeys() takes a key of the root, or one it certified for as long', async () => {
  assert.match(await refusalTo(signIn(new Browser(), { signer: deputy })), /not of the root/);
  const certify = (by: StatementSigner, lifeMs: number) =>
    signStatement({ ...commonOf(by, { nowMs, lifeMs }), type: 'root', keys: deputy.key }, by);
  const roots = [await certify(owner, 40 * DAY_MS), await certify(mallory, 20 * DAY_MS)];
  const { envelope, statement } = await signIn(new Browser(), { signer: deputy, roots });
  assert.equal(statement.roots, [roots[0]]);
  assert.is(Date.parse(statement.expires), nowMs + 40 * DAY_MS);
  assert.is(await new Browser().visit(envelope), 'dials');
  assert.is((await signIn(new Browser(), { roots })).statement.roots, undefined);
});

signs.run();
