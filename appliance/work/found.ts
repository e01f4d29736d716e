// Founding a site: its appliance's keys, its log, and the first entries, by which everything after is measured:
// who the two authorities are, and what they say first.

import { mkdir } from 'node:fs/promises';

import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import type { KeyFile } from '#crypto/key-file.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { verifyAuthority, verifyDigest, verifyPolicy, verifyRoster } from '#crypto/roster.ts';
import type { Envelope } from '#crypto/statement.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import {
  type ApplianceConfig,
  createConfig,
  createKeyFile,
  loadKeyFile,
  placesIn,
} from '../config.ts';
import { createLedger, openLedger } from '../ledger/ledger.ts';
import { record } from './record.ts';
import { digestFields } from './ruling.ts';
import type { SiteFacts } from './site.ts';

export interface Founding {
  /** The appliance's folder; must not hold a site yet. */
  readonly folder: string;
  readonly config: ApplianceConfig;
  readonly facts: SiteFacts;
  readonly roster: Envelope;
  readonly authority: Envelope;
  readonly policy: Envelope;
  /** What the console may know, when an approver has said it by PIN already. */
  readonly digest?: Envelope;
  readonly software: string;
  /** The appliance's peer key when its folder has one already: it joined a console by it. */
  readonly peer?: KeyFile;
  readonly now: () => number;
}

/** The public keys of a founded site, as endpoints and verifiers pin them. */
export interface Founded {
  /** C2SP verifier key of the log. */
  readonly log: string;
  /** `ed25519:…` of the appliance's peer key. */
  readonly appliance: string;
}

/**
 * Founds a site.
 * @throws {VerifyError} when a first statement is not by the authority that must have signed it
 * @throws {LedgerError} code `exists` when the folder holds a log; nothing there is touched
 */
export async function foundSite(founding: Founding): Promise<Founded> {
  const { folder, config, now } = founding;
  const digest = await checkStatements(founding);
  const places = placesIn(folder);
  await mkdir(places.keys, { recursive: true, mode: 0o700 });
  await createConfig(folder, config);
  const logSeed = randomBytes(32);
  await createKeyFile(places.logKey, { name: config.origin, seed: logSeed });
  const signer = await importSigner(logSeed);
  const peer = founding.peer ?? (await createPeerKey(folder));
  const place = {
    folder: places.log,
    secondFolder: places.second,
    origin: config.origin,
    signer,
  };
  await createLedger(place);
  await using ledger = await openLedger({ ...place, now });
  const founded = {
    log: formatVerifierKey(verifierKey(config.origin, 0x01, signer.publicKey)),
    appliance: peer.key,
  };
  await recordFirst(ledger, { ...founding, founded, digest });
  await ledger.checkpointFor(ledger.size);
  return founded;
}

/** Makes an appliance's peer key, by which it is known from then on. Refuses to replace one. */
export async function createPeerKey(folder: string): Promise<KeyFile> {
  const places = placesIn(folder);
  await mkdir(places.keys, { recursive: true, mode: 0o700 });
  await createKeyFile(places.peerKey, { name: 'appliance', seed: randomBytes(32) });
  return loadKeyFile(places.peerKey);
}

async function checkStatements({
  config,
  facts,
  roster,
  authority,
  policy,
  digest: envelope,
  now,
}: Founding): Promise<FieldsOf<'digest.changed'> | null> {
  const at = { log: config.origin, seen: null, atMs: now() };
  await verifyRoster(roster, { ...at, root: facts.mspRoot });
  const { statement } = await verifyAuthority(authority, { ...at, root: facts.authorityKey });
  await verifyPolicy(policy, { ...at, root: facts.authorityKey });
  if (envelope === undefined) return null;
  const signed = await verifyDigest(envelope, { ...at, authority: statement });
  return digestFields({ envelope, signed, method: 'pin' }, statement);
}

async function recordFirst(
  ledger: Parameters<typeof record>[0],
  {
    facts,
    roster,
    authority,
    policy,
    digest,
    software,
    founded,
  }: Omit<Founding, 'digest'> & { founded: Founded; digest: FieldsOf<'digest.changed'> | null },
): Promise<void> {
  await record(ledger, {
    kind: 'log.opened',
    fields: { log_key: founded.log, appliance_key: founded.appliance, software },
  });
  await record(ledger, {
    kind: 'site.claimed',
    fields: {
      client: facts.client,
      site: facts.site,
      msp: facts.msp,
      msp_root: facts.mspRoot,
      authority_key: facts.authorityKey,
    },
  });
  await record(ledger, { kind: 'roster.changed', fields: { statement: roster } });
  const authorised = await record(ledger, {
    kind: 'authority.changed',
    fields: { statement: authority },
  });
  await record(ledger, {
    kind: 'policy.changed',
    ref: { authority: authorised.name },
    fields: { statement: policy },
  });
  if (digest === null) return;
  const ref = { authority: authorised.name };
  await record(ledger, { kind: 'digest.changed', ref, fields: digest });
}
