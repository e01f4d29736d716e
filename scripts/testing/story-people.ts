// The people of the story: each with a key that is the same in every test.

import { encodeUtf8 } from '#crypto/bytes.ts';
import { sha256 } from '#crypto/hash.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner, type Signer } from '#crypto/webcrypto.ts';

/** Somebody with an Ed25519 key; `key` is its line of text. */
export interface Person {
  readonly id: string;
  readonly name: string;
  readonly key: string;
  readonly signer: Signer;
}

/** A person whose key is made from the id alone, so it is the same in every test. */
export async function createPerson(id: string, name = id): Promise<Person> {
  const signer = await importSigner(sha256(encodeUtf8(`caisey test key of ${id}`)));
  const key = formatPersonKey({ kind: 'ed25519', publicKey: signer.publicKey });
  return { id, name, key, signer };
}

export interface People {
  /** The MSP's root and the client's authority: keys, not persons. */
  readonly root: Person;
  readonly authority: Person;
  readonly alice: Person;
  readonly bob: Person;
  readonly rita: Person;
  readonly carol: Person;
  readonly dave: Person;
  /** The key that a technician's laptop makes for one session. */
  readonly laptop: Person;
  /** Somebody whom nobody appointed. */
  readonly mallory: Person;
  readonly appliance: Person;
  readonly witness: Person;
}

export async function createPeople(): Promise<People> {
  return {
    root: await createPerson('root', 'Brightwater IT'),
    authority: await createPerson('authority', 'Miller Dental'),
    alice: await createPerson('alice', 'Alice Ash'),
    bob: await createPerson('bob', 'Bob Birch'),
    rita: await createPerson('rita', 'Rita Rowan'),
    carol: await createPerson('carol', 'Carol Miller'),
    dave: await createPerson('dave', 'Dave Miller'),
    laptop: await createPerson('laptop'),
    mallory: await createPerson('mallory'),
    appliance: await createPerson('appliance'),
    witness: await createPerson('witness'),
  };
}
