import { chmod, mkdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { openFolder, seedOf } from '#scripts/testing/agent-appliance.ts';
import { AgentError, type AgentErrorCode } from './error.ts';
import { formatPersonKey, keyFingerprint } from '#crypto/person-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import {
  createIdentity,
  type Identity,
  identityFingerprint,
  isEnrolled,
  loadIdentity,
} from './identity.ts';

const KEY = 'ed25519:11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo';

const IDENTITY: Identity = {
  endpoint: 'ZW5kcG9pbnQtMDAwMDAwMQ',
  name: 'frontdesk-1',
  labels: ['frontdesk'],
  seed: seedOf('identity'),
  site: {
    appliance: KEY,
    addresses: ['/ip4/192.0.2.7/tcp/4010'],
    log: 'sum.golang.org+033de0ae+Ac4zctda0e5eza+HJyk9SxEdh+s3Ux18htTTAD8OuAn8',
    msp_root: KEY,
    authority: KEY,
  },
};

async function refuses(promise: Promise<unknown>, code: AgentErrorCode): Promise<AgentError> {
  const error = await promise.then(
    () => assert.unreachable(`expected "${code}"`),
    (reason: unknown) => reason,
  );
  if (!(error instanceof AgentError)) throw error;
  assert.is(error.code, code, error.message);
  return error;
}

const fingerprint = suite('identityFingerprint()');

fingerprint(
  'identityFingerprint() is that of the key by which the appliance knows it',
  async () => {
    const { publicKey } = await importSigner(IDENTITY.seed);
    const key = formatPersonKey({ kind: 'ed25519', publicKey });
    assert.is(await identityFingerprint(IDENTITY), keyFingerprint(key));
    assert.is.not(await identityFingerprint({ seed: seedOf('other') }), keyFingerprint(key));
  },
);

fingerprint.run();

const create = suite('createIdentity()');

create(
  'createIdentity() and loadIdentity() are a pair; the file is for its owner alone',
  async () => {
    await using folder = await openFolder();
    assert.is(await isEnrolled(folder.path), false);
    await createIdentity(folder.path, IDENTITY);
    assert.is(await isEnrolled(folder.path), true);
    assert.equal(await loadIdentity(folder.path), IDENTITY);
    const { mode } = await stat(join(folder.path, 'identity.json'));
    assert.is(mode & 0o777, 0o600);
  },
);

create('createIdentity() replaces nothing, and leaves no second copy of the key', async () => {
  await using folder = await openFolder();
  await createIdentity(folder.path, IDENTITY);
  const other = { ...IDENTITY, seed: seedOf('other') };
  await refuses(createIdentity(folder.path, other), 'identity-exists');
  assert.equal(await loadIdentity(folder.path), IDENTITY);
  assert.is(await stat(join(folder.path, 'identity.json.new')).catch(() => null), null);
});

create('createIdentity() is not led by what a crash left beside the file', async () => {
  await using folder = await openFolder();
  await writeFile(join(folder.path, 'identity.json.new'), 'left', { mode: 0o644 });
  await createIdentity(folder.path, IDENTITY);
  const { mode } = await stat(join(folder.path, 'identity.json'));
  assert.is(mode & 0o777, 0o600);
});

create.run();

const load = suite('loadIdentity()');

load('loadIdentity() says that a folder is not enrolled', async () => {
  await using folder = await openFolder();
  await refuses(loadIdentity(folder.path), 'identity-missing');
  await refuses(loadIdentity(join(folder.path, 'none')), 'identity-missing');
});

load('loadIdentity() refuses a file that anybody else may read or write', async () => {
  await using folder = await openFolder();
  await createIdentity(folder.path, IDENTITY);
  for (const bit of [0o040, 0o020, 0o010, 0o004, 0o002, 0o001]) {
    await chmod(join(folder.path, 'identity.json'), 0o600 | bit);
    await refuses(loadIdentity(folder.path), 'identity-exposed');
  }
});

load('loadIdentity() follows no link and reads no folder', async () => {
  await using folder = await openFolder();
  const path = join(folder.path, 'identity.json');
  await createIdentity(folder.path, IDENTITY);
  await writeFile(join(folder.path, 'real'), await readFile(path), { mode: 0o600 });
  await rm(path);
  await symlink(join(folder.path, 'real'), path);
  await refuses(loadIdentity(folder.path), 'identity-malformed');
  await rm(path);
  await mkdir(path);
  await refuses(loadIdentity(folder.path), 'identity-malformed');
});

load('loadIdentity() refuses damage, and quotes none of the file', async () => {
  await using folder = await openFolder();
  const path = join(folder.path, 'identity.json');
  await createIdentity(folder.path, IDENTITY);
  const text = await readFile(path, 'utf8');
  const file = JSON.parse(text) as Record<string, unknown>;
  const secret = file['secret'] as string;
  const broken: string[] = [
    '',
    text.slice(0, -20),
    text.replace(secret, `${secret}"x`),
    JSON.stringify({ ...file, extra: 1 }),
    JSON.stringify({ ...file, format: 'caisey/endpoint/v2' }),
    JSON.stringify({ ...file, endpoint: '!'.repeat(22) }),
    JSON.stringify({ ...file, secret: secret.slice(1) }),
    JSON.stringify({ ...file, secret: `${secret.slice(1)}!` }),
    JSON.stringify({ ...file, site: { ...IDENTITY.site, log: 'nonsense' } }),
    JSON.stringify({ ...file, site: { ...IDENTITY.site, appliance: 'ed25519:AAAA' } }),
  ];
  for (const each of broken) {
    await writeFile(path, each);
    const error = await refuses(loadIdentity(folder.path), 'identity-malformed');
    for (let at = 0; at + 8 <= secret.length; at++) {
      assert.not.ok(error.message.includes(secret.slice(at, at + 8)), error.message);
    }
    assert.is(error.cause, undefined);
  }
});

load.run();
