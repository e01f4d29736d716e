// Founding a claimed site by what the client's contact chose on the on-site page. The client's authority key and the
// contact's approver key are made here, and kept on the appliance under the contact's PIN alone.

import { sealKey } from '../gate/pin.ts';
import { saveApprovers } from '../gate/approver-file.ts';
import { replaceFile } from '../ledger/durable-file.ts';
import type { DigestLevel } from '#crypto/digest-level.ts';
import { presetPolicy, type PresetName } from '#crypto/policy.ts';
import { signStatement, type StatementSigner, statementSigner } from '#crypto/statement.ts';
import { type Bytes } from '#crypto/bytes.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import { loadKeyFile, placesIn } from '../config.ts';
import { signDigest } from '../protocol/digest-choice.ts';
import { commonOf } from '../protocol/session-key.ts';
import { WorkError } from '../work/error.ts';
import { type Founded, foundSite } from '../work/found.ts';
import { clearFounding, type ClaimState, dropClaimState } from './claim-state.ts';

/** What the contact chose. */
export interface SetUp {
  readonly name: string;
  readonly pin: string;
  readonly preset: PresetName;
  /** What the console may know. */
  readonly level: DigestLevel;
  readonly timeZone: string;
}

/** A founded site, and the client's authority, as endpoints and people pin them. */
export interface FoundedSite extends Founded {
  readonly authority: string;
}

const YEAR_MS = 365 * 86_400_000;
const CONTACT_ID = 'contact';

/**
 * Founds the site that was claimed.
 * @throws {PinError} code `weak-pin`, before anything is written
 * @throws {VerifyError} when the roster does not hold any more
 * @throws {WorkError} code `not-allowed` when nobody has claimed it
 */
export async function setUpSite(
  { config, offer }: ClaimState,
  {
    folder,
    setUp,
    software,
    now,
    costLog2,
  }: {
    folder: string;
    setUp: SetUp;
    software: string;
    now: () => number;
    /** Of scrypt; lower only in tests. */
    costLog2?: number;
  },
): Promise<FoundedSite> {
  if (offer === null) throw new WorkError('not-allowed', 'Cannot set up: nobody has claimed it');
  const { client, site, msp, root, roster } = offer;
  const cost = costLog2 === undefined ? {} : { costLog2 };
  const authoritySeed = randomBytes(32);
  const approverSeed = randomBytes(32);
  const sealed = await sealKey(approverSeed, setUp.pin, cost);
  const sealedAuthority = await sealKey(authoritySeed, setUp.pin, cost);
  const authority = await signerOf(authoritySeed);
  const life = { nowMs: now(), lifeMs: YEAR_MS };
  const { key } = sealed;
  const approvers = [{ id: CONTACT_ID, name: setUp.name, key }];
  const said = { log: config.origin, version: 1 };
  const rules = presetPolicy(setUp.preset, setUp.timeZone);
  await clearFounding(folder);
  const places = placesIn(folder);
  const founded = await foundSite({
    ...{ folder, config, roster, software, now },
    facts: { client, site, msp, mspRoot: root, authorityKey: authority.key },
    authority: await signStatement(
      { ...commonOf(authority, life), ...said, type: 'authority', approvers, contacts: [] },
      authority,
    ),
    policy: await signStatement(
      { ...commonOf(authority, life), ...said, type: 'policy', rules },
      authority,
    ),
    digest: await signDigest(
      { log: config.origin, version: 1, level: setUp.level },
      { approver: await signerOf(approverSeed), nowMs: life.nowMs },
    ),
    peer: await loadKeyFile(places.peerKey),
  });
  await saveApprovers(places.approvers, [{ id: CONTACT_ID, name: setUp.name, key, sealed }]);
  await replaceFile(places.authority, `${JSON.stringify(sealedAuthority, null, 2)}\n`);
  await dropClaimState(folder); // from here on it is a site
  authoritySeed.fill(0);
  approverSeed.fill(0);
  return { ...founded, authority: authority.key };
}

async function signerOf(seed: Bytes): Promise<StatementSigner> {
  return statementSigner(await importSigner(seed));
}
