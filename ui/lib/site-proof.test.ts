import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { encodeBase64url } from '#crypto/base64.ts';
import { encodeUtf8 } from '#crypto/bytes.ts';
import { parseCheckpoint, signCheckpoint } from '#crypto/checkpoint.ts';
import { proveConsistency } from '#crypto/consistency.ts';
import { VerifyError } from '#crypto/error.ts';
import { leafHash } from '#crypto/hash.ts';
import { proveInclusion } from '#crypto/inclusion.ts';
import { formatVerifierKey, verifierKey } from '#crypto/key.ts';
import { parseNote } from '#crypto/note.ts';
import { merkleRoot, type ReadHash } from '#crypto/tree.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import type { Keeper } from './keeper.ts';
import type { SiteLink } from './site.ts';
import { SiteProof } from './site-proof.ts';

const origin = 'console.example/site/1/1';
const signer = await importSigner(new Uint8Array(32).fill(7));
const logKey = formatVerifierKey(verifierKey(origin, 0x01, signer.publicKey));

/** A site whose log grows by one entry with every question; `word` tells its leaves from another's. */
class GrowingSite {
  size = 3;
  asked: number[][] = [];
  word = 'leaf';

  hash(index: number) {
    return leafHash(encodeUtf8(`${this.word} ${index}`));
  }

  readonly link = {
    call: async (_verb: string, { indices, seen }: { indices: number[]; seen: string | null }) => {
      this.asked.push(indices);
      this.size = Math.max(this.size + 1, ...indices.map((index) => index + 1));
      const { size } = this;
      const hashes = Array.from({ length: size }, (_, index) => this.hash(index));
      const read: ReadHash = (level, index) =>
        merkleRoot(hashes.slice(index * 2 ** level, (index + 1) * 2 ** level));
      const from = seen === null ? 0 : parseCheckpoint(parseNote(seen).text).size;
      return {
        checkpoint: await signCheckpoint({ origin, size, root: merkleRoot(hashes) }, signer),
        consistency:
          from === 0 ? [] : proveConsistency({ from, to: size, read }).map(encodeBase64url),
        inclusions: indices.map((index) =>
          proveInclusion({ index, size, read }).map(encodeBase64url),
        ),
      };
    },
  } as unknown as SiteLink;
}

function memory() {
  const kept = new Map<string, string>();
  return {
    checkpoint: async (site: string) => kept.get(site),
    keepCheckpoint: async (site: string, note: string) => void kept.set(site, note),
  } as Pick<Keeper, 'checkpoint' | 'keepCheckpoint'>;
}

const claims = (site: GrowingSite, count: number) =>
  Array.from({ length: count }, (_, index) => ({ index, leafHash: site.hash(index) }));

const test = suite('SiteProof');

test('prove() asks one after the other, in parts, and ends at the newest checkpoint', async () => {
  const site = new GrowingSite();
  const proof = new SiteProof({ link: site.link, keeper: memory(), site: 's', logKey });
  const [one, two] = await Promise.all([
    proof.prove(claims(site, 3)),
    proof.prove(claims(site, 130)),
  ]);
  assert.is(one.size, 4);
  assert.equal(
    site.asked.map(({ length }) => length),
    [3, 64, 64, 2],
  );
  assert.is(two.size, site.size);
});

test('prove() catches a log that was rewritten since the last visit', async () => {
  const keeper = memory();
  const honest = new GrowingSite();
  await new SiteProof({ link: honest.link, keeper, site: 's', logKey }).prove(claims(honest, 2));
  const rewritten = new GrowingSite();
  rewritten.word = 'other';
  const proof = new SiteProof({ link: rewritten.link, keeper, site: 's', logKey });
  const caught = await proof.prove(claims(rewritten, 2)).catch((error: unknown) => error);
  assert.instance(caught, VerifyError);
});

test('prove() never proves anything beside a remembered checkpoint that does not hold', async () => {
  const keeper = memory();
  const stranger = await importSigner(new Uint8Array(32).fill(8));
  const root = new Uint8Array(32);
  await keeper.keepCheckpoint('s', await signCheckpoint({ origin, size: 9, root }, stranger));
  const site = new GrowingSite();
  const proof = new SiteProof({ link: site.link, keeper, site: 's', logKey });
  for (let tries = 0; tries < 2; tries++) {
    const caught = await proof.prove(claims(site, 1)).catch((error: unknown) => error);
    assert.instance(caught, Error);
  }
  assert.equal(site.asked, [], 'the site was not even asked');
});

test('prove() goes on after a question that failed', async () => {
  const site = new GrowingSite();
  const proof = new SiteProof({ link: site.link, keeper: memory(), site: 's', logKey });
  const wrong = [{ index: 0, leafHash: new Uint8Array(32) }];
  assert.instance(await proof.prove(wrong).catch((error: unknown) => error), VerifyError);
  assert.is((await proof.prove(claims(site, 1))).size, 5);
});

test.run();
