// What `caisey site init` does: makes every key, signs the first statements, founds the log, and says which file
// belongs to whom. All of it or nothing: what a failure left is removed.

import { readFile, rm } from 'node:fs/promises';

import { saveApprovers } from '#appliance/gate/approver-file.ts';
import { checkNewPin, sealKey } from '#appliance/gate/pin.ts';
import { type ApplianceConfig, placesIn } from '#appliance/config.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { readSoftware } from '#appliance/software.ts';
import { type Founded, foundSite } from '#appliance/work/found.ts';
import { formatHex } from '#crypto/hex.ts';
import { formatKeyFile, type KeyFile, parseKeyFile } from '#crypto/key-file.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import { type PolicyRules, type PresetName, presetPolicy } from '#crypto/policy.ts';
import {
  type Envelope,
  signStatement,
  type Statement,
  statementSigner,
} from '#crypto/statement.ts';
import { formatTrustFile } from '#crypto/trust-file.ts';
import { visibleText } from '#crypto/visible.ts';
import { randomBytes } from '#crypto/webcrypto.ts';
import { checkListen, parseHostPort, reachable } from './address.ts';
import { CliError } from './error.ts';
import {
  createPrivateFile,
  formatHomeSite,
  isThere,
  makePrivateFolder,
  SITE_FORMAT,
} from './home.ts';
import type { Invocation } from './invocation.ts';
import { checkName, slugOf } from './name.ts';
import type { Home } from './place.ts';
import { askNewSecret } from './prompt.ts';

export interface InitOptions {
  readonly client: string;
  readonly site: string;
  readonly msp: string;
  readonly owner: string;
  readonly approver: string;
  readonly approverKey?: string | undefined;
  readonly pinFile?: string | undefined;
  readonly policy: PresetName;
  readonly timeZone?: string | undefined;
  readonly consoleHost: string;
  readonly listen?: readonly string[] | undefined;
  readonly http: string;
  readonly mdns: boolean;
}

const YEAR_MS = 365 * 86_400_000;
const LISTEN = ['/ip4/0.0.0.0/tcp/4010'];

interface Keys {
  readonly root: KeyFile;
  readonly authority: KeyFile;
  readonly owner: KeyFile;
  readonly approver: KeyFile;
}

/** Founds a site in this home. @throws {CliError} code `exists` when there is one */
export async function initSite(invocation: Invocation, options: InitOptions): Promise<void> {
  const { home, output, terminal } = invocation;
  const { approverKey } = options;
  for (const what of ['client', 'site', 'msp', 'owner', 'approver'] as const) {
    checkName(what, options[what]);
  }
  const config = configOf(options);
  const rules = rulesOf(options);
  await checkFree(home, approverKey);
  const pin = await readPin(invocation, options);
  const keys = await makeKeys(options);
  await using undo = new AsyncDisposableStack();
  await writeKeys(undo, { home, keys, approverKey });
  undo.defer(() => rm(home.appliance, { recursive: true, force: true }));
  const founded = await foundSite({
    folder: home.appliance,
    config,
    facts: {
      client: options.client,
      site: options.site,
      msp: options.msp,
      mspRoot: keys.root.key,
      authorityKey: keys.authority.key,
    },
    ...(await signFirst(options, { keys, rules, log: config.origin, nowMs: terminal.now() })),
    software: await readSoftware(),
    now: () => terminal.now(),
  });
  if (pin !== null)
    await saveSealed({ home, name: options.approver, seed: keys.approver.seed, pin });
  await writePins(undo, { home, options, config, keys, founded });
  undo.move(); // it stands: nothing is undone any more
  await output.result(
    { home: home.folder, origin: config.origin, log: founded.log, appliance: founded.appliance },
    () => filesOf(home, options).map(describeFile).join(''),
  );
  await output.note(`\n${options.client}, ${options.site} is founded: ${config.origin}`);
  await output.advice(
    'Next: caisey appliance run\n' +
      'Then, for each machine: caisey endpoint token --name NAME > token\n' +
      '  and on that machine: caisey agent enrol --dir DIR --token-file token\n' +
      '                       caisey agent run --dir DIR\n' +
      '  and here again: caisey endpoint verify NAME\n' +
      'A lost PIN cannot be read out: "caisey key create" makes a key file for the approver,\n' +
      '"caisey site approvers add" lets it in, and "caisey site approvers rm" ends the old one.',
  );
}

function configOf({ consoleHost, listen = LISTEN, http, mdns }: InitOptions): ApplianceConfig {
  if (!/^[a-z0-9](?:[a-z0-9.:-]{0,120}[a-z0-9])?$/.test(consoleHost)) {
    throw new CliError('usage', `Cannot name the log by host "${consoleHost}": not a host name`);
  }
  checkListen(listen);
  return {
    format: 'caisey/appliance/v1',
    origin: `${consoleHost}/site/${formatHex(randomBytes(16))}/1`,
    listen: [...listen],
    http: http === 'none' ? null : parseHostPort(http),
    mdns,
  };
}

function rulesOf({ policy, timeZone }: InitOptions): PolicyRules {
  const zone = timeZone ?? Intl.DateTimeFormat().resolvedOptions().timeZone;
  try {
    return presetPolicy(policy, zone);
  } catch (cause) {
    const hint = 'Give an IANA name, such as --time-zone Europe/Berlin.';
    throw new CliError('usage', `Cannot use time zone "${zone}": unknown`, { cause, hint });
  }
}

async function checkFree(home: Home, approverKey: string | undefined): Promise<void> {
  const { siteFile, trustFile, myKey, rootKey, authorityKey, appliance } = home;
  const paths = [siteFile, trustFile, myKey, rootKey, authorityKey, appliance];
  for (const path of [...paths, ...(approverKey === undefined ? [] : [approverKey])]) {
    if (!(await isThere(path))) continue;
    throw new CliError('exists', `Cannot found a site: "${path}" is there already`, {
      hint: 'Nothing was changed. Choose another folder by --home.',
    });
  }
}

/** Null: the approver decides by the key file alone. */
async function readPin(
  { terminal }: Invocation,
  { pinFile, approverKey }: InitOptions,
): Promise<string | null> {
  if (pinFile === undefined && approverKey !== undefined && !terminal.stdin.isTTY) return null;
  const pin =
    pinFile === undefined
      ? await askNewSecret(terminal, "Approver's PIN", { flag: '--pin-file' })
      : (pinFile === '-'
          ? await terminal.stdin.readAll()
          : await readFile(pinFile, 'utf8')
        ).replace(/\r?\n$/, '');
  checkNewPin(pin);
  return pin;
}

async function makeKeys({ msp, client, owner, approver }: InitOptions): Promise<Keys> {
  return {
    root: await makeKey(`${msp}: MSP root`),
    authority: await makeKey(`${client}: authority`),
    owner: await makeKey(owner),
    approver: await makeKey(approver),
  };
}

async function makeKey(name: string): Promise<KeyFile> {
  return parseKeyFile(await formatKeyFile({ name: name.slice(0, 128), seed: randomBytes(32) }));
}

async function writeKeys(
  undo: AsyncDisposableStack,
  { home, keys, approverKey }: { home: Home; keys: Keys; approverKey: string | undefined },
): Promise<void> {
  await makePrivateFolder(home.folder);
  await makePrivateFolder(home.keys);
  await write(undo, home.rootKey, await formatKeyFile(keys.root));
  await write(undo, home.authorityKey, await formatKeyFile(keys.authority));
  await write(undo, home.myKey, await formatKeyFile(keys.owner));
  if (approverKey !== undefined) await write(undo, approverKey, await formatKeyFile(keys.approver));
}

async function write(undo: AsyncDisposableStack, path: string, text: string): Promise<void> {
  await createPrivateFile(path, text);
  undo.defer(() => rm(path, { force: true }));
}

async function signFirst(
  { msp, owner, approver }: InitOptions,
  { keys, rules, log, nowMs }: { keys: Keys; rules: PolicyRules; log: string; nowMs: number },
): Promise<{ roster: Envelope; authority: Envelope; policy: Envelope }> {
  const { root, authority } = keys;
  const life = { nowMs, lifeMs: YEAR_MS };
  const members = [{ id: slugOf(owner), name: owner, role: 'owner' as const, key: keys.owner.key }];
  const approvers = [{ id: slugOf(approver), name: approver, key: keys.approver.key }];
  const byRoot = commonOf(root, life);
  const byClient = commonOf(authority, life);
  const sign = (statement: Statement, { signer }: KeyFile): Promise<Envelope> =>
    signStatement(statement, statementSigner(signer));
  return {
    roster: await sign({ ...byRoot, type: 'roster', msp, version: 1, members }, root),
    authority: await sign(
      { ...byClient, type: 'authority', log, version: 1, approvers, contacts: [] },
      authority,
    ),
    policy: await sign(
      { ...commonOf(authority, life), type: 'policy', log, version: 1, rules },
      authority,
    ),
  };
}

async function saveSealed({
  home,
  name,
  seed,
  pin,
}: {
  home: Home;
  name: string;
  seed: KeyFile['seed'];
  pin: string;
}): Promise<void> {
  const sealed = await sealKey(seed, pin);
  const approver = { id: slugOf(name), name, key: sealed.key, sealed };
  await saveApprovers(placesIn(home.appliance).approvers, [approver]);
}

async function writePins(
  undo: AsyncDisposableStack,
  {
    home,
    options,
    config,
    keys,
    founded,
  }: {
    home: Home;
    options: InitOptions;
    config: ApplianceConfig;
    keys: Keys;
    founded: Founded;
  },
): Promise<void> {
  const { client, site, msp } = options;
  const pins = {
    appliance: founded.appliance,
    addresses: reachable(config.listen),
    log: founded.log,
    msp_root: keys.root.key,
    authority: keys.authority.key,
  };
  await write(
    undo,
    home.siteFile,
    formatHomeSite({ format: SITE_FORMAT, client, site, msp, ...pins }),
  );
  const trust = formatTrustFile({
    policy: {
      logs: [{ key: parseVerifierKey(founded.log) }],
      ...{ witnesses: [], groups: [], quorum: null },
    },
    sites: [{ log: config.origin, mspRoot: keys.root.key, authorityKey: keys.authority.key }],
  });
  await write(undo, home.trustFile, trust);
}

interface MadeFile {
  readonly path: string;
  readonly whose: string;
  readonly use: string;
}

function describeFile({ path, whose, use }: MadeFile): string {
  return `${visibleText(path)}\n    ${visibleText(whose)}: ${use}\n`;
}

function filesOf(home: Home, options: InitOptions): readonly MadeFile[] {
  const { client, msp, owner, approver, approverKey } = options;
  const signsAllow = "signs who may allow, and the policy; the client's own: hand it over";
  return [
    { path: home.rootKey, whose: msp, use: 'signs who may ask; keep it off line, not here' },
    { path: home.authorityKey, whose: client, use: signsAllow },
    { path: home.myKey, whose: owner, use: 'your own: signs what you open and run' },
    ...(approverKey === undefined
      ? []
      : [{ path: approverKey, whose: approver, use: 'approves from a command line' }]),
    { path: home.siteFile, whose: 'everybody', use: 'which site, and its public keys' },
    {
      path: home.trustFile,
      whose: 'everybody',
      use: 'whose signatures count when evidence is verified',
    },
    { path: home.appliance, whose: client, use: 'the appliance: its keys, its log; stays on site' },
  ];
}
