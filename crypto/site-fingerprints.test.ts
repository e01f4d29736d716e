import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { formatVerifierKey, verifierKey } from './key.ts';
import { formatPersonKey, keyFingerprint } from './person-key.ts';
import { siteFingerprints } from './site-fingerprints.ts';

const keyOf = (fill: number) => new Uint8Array(32).fill(fill);
const textOf = (fill: number) => formatPersonKey({ kind: 'ed25519', publicKey: keyOf(fill) });
const logOf = (name: string, fill: number) =>
  formatVerifierKey(verifierKey(name, 0x01, keyOf(fill)));

const fingerprints = suite('siteFingerprints()');

fingerprints('siteFingerprints() are those of the keys, whatever the log is called', () => {
  const appliance = textOf(1);
  const own = siteFingerprints({ appliance, log: logOf('a.example/site/x/1', 2) });
  assert.equal(own, { appliance: keyFingerprint(appliance), log: keyFingerprint(textOf(2)) });
  assert.match(own.log, /^[0-9a-f]{4}(?: [0-9a-f]{4}){3}$/);
  assert.equal(siteFingerprints({ appliance, log: logOf('b.example/site/x/1', 2) }), own);
});

fingerprints('siteFingerprints() tell another appliance and another log', () => {
  const own = siteFingerprints({ appliance: textOf(1), log: logOf('a', 2) });
  const other = siteFingerprints({ appliance: textOf(2), log: logOf('a', 1) });
  assert.is.not(other.appliance, own.appliance);
  assert.is.not(other.log, own.log);
  assert.throws(() => siteFingerprints({ appliance: textOf(1), log: textOf(2) }));
});

fingerprints.run();
