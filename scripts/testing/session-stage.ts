// The session page in a browser without a console or a site: a page of its own that tells a session by hand, for
// tests that look at it. `?scene=` chooses what is told; commands that are run get an answer in the record.

import { mount } from 'svelte';
import { createSubscriber } from 'svelte/reactivity';

import { ClientError } from '#appliance/protocol/client.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseDisclosure } from '#crypto/disclosure.ts';
import { signStatement, statementSigner } from '#crypto/statement.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { commonOf } from '#appliance/protocol/session-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import SessionView from '#ui/lib/components/session/SessionView.svelte';
import type { Judged } from '#ui/lib/outlook.ts';
import type { LinkState } from '#ui/lib/site.ts';
import type { SessionStateOptions } from '#ui/lib/state/session.svelte.ts';
import { STORY_LOG, type ToldCommand, ToldSession } from './told-session.ts';

type Scene = 'work' | 'watch' | 'empty' | 'failed' | 'refused' | 'ended' | 'long' | 'away';

const ESC = '\u001b';
const told = new ToldSession();
let heard: (() => void) | null = null;

/** Tells what follows to who reads. */
function wake(): void {
  heard?.();
}

async function tellWork(): Promise<void> {
  const command = await told.sign('systemctl restart cups');
  const state = await told.state('before', 'cups.service failed\nspool 14 jobs\n');
  const request = told.request(command, { state });
  const notice = { channel: 'page', to: 'Carla Client', by: null };
  told.add('approval.notified', notice, { request: request.name });
  told.add('approval.viewed', { channel: 'page', by: 'Carla Client' }, { request: request.name });
  told.say('client', 'Is that safe now?\nWe have customers.');
  told.say('technician', 'Yes: two seconds.');
  const approval = await told.decide(request);
  const started = told.start(command, { request, approval });
  told.exit(started);
  await told.state('after', 'cups.service active\nspool 14 jobs\n');
  const listing = told.start(await told.sign('journalctl -u cups'));
  told.print(listing, `${ESC}[1;32mok${ESC}[0m <b>not bold</b> pay\u202egpj.exe\n`);
  told.print(listing, '10 %\r50 %\r100 %\n');
  for (let i = 0; i < 40; i++) told.print(listing, `line ${i} ${'word '.repeat(i % 30)}\n`);
  told.print(listing, `${ESC}[31mnot found${ESC}[m\n`, 'stderr');
  told.exit(listing, 1);
  told.request(await told.sign('reboot --force'), { approvals: 2 });
  told.refuse(await told.sign('format c:'), { by: 'policy', why: 'Formatting is never allowed.' });
  told.start(await told.sign('tail -f /var/log/syslog'));
}

async function tellLong(): Promise<void> {
  for (let i = 0; i < 500; i++) {
    const started = told.start(await told.sign(`uptime ${i}`));
    told.print(started, `up ${i} days\n`);
    told.exit(started);
  }
  const big = told.start(await told.sign('seq 5000'));
  told.print(big, Array.from({ length: 5000 }, (_, i) => `number ${i}\n`).join(''));
  told.exit(big);
}

/** What the site says of a line before it is sent, by its first word. */
function judgeTold(command: string): Judged {
  const [program = ''] = command.split(' ');
  const said: Readonly<Partial<Record<string, Judged>>> = {
    format: {
      ...{ effect: 'deny', access: 'changing', rule: 'no-format' },
      why: 'The rule "no-format" of this site refuses it.',
    },
    systemctl: {
      ...{ effect: 'ask', access: 'changing', rule: null },
      why: `Changes something, or may: runs "${program}", and not in a way that is known to only read.`,
    },
  };
  const reads = 'Only reads, and no known place of secrets, which this site allows.';
  return said[program] ?? { effect: 'allow', access: 'read-only', rule: 'reading', why: reads };
}

function createLink(scene: Scene): SessionStateOptions['link'] & { hurry: () => void } {
  const call = async (verb: string, parameters: object): Promise<unknown> => {
    if (verb === 'endpoint.list') {
      return { endpoints: [{ endpoint: told.endpoint, host: { os: 'linux' } }], next: null };
    }
    if (verb === 'session.list') return { sessions: [], next: null };
    if (verb === 'command.judge') {
      const { fields } = parameters as { fields: { command: string } };
      return judgeTold(fields.command);
    }
    if (verb === 'command.submit') {
      const { command } = parameters as { command: { disclosures: string[]; envelope: unknown } };
      const fields = Object.fromEntries(
        command.disclosures.map(parseDisclosure).map(({ name, value }) => [name, value]),
      ) as unknown as ToldCommand['fields']; // as it was signed by the page
      if (fields.command === 'lost') throw new ClientError('stream-lost', 'Lost the appliance');
      const signed = { fields, statement: command.envelope, purpose: 'work', hash: '' };
      const started = told.start(signed as unknown as ToldCommand);
      told.print(started, `ran ${fields.command}\n`);
      told.exit(started);
      wake();
    }
    if (verb === 'chat.say') {
      told.say('technician', (parameters as { text: string }).text);
      wake();
    }
    return { index: 0, cancelled: true };
  };
  return {
    state: { kind: 'open', isRelayed: true },
    call: call as SessionStateOptions['link']['call'], // answers what the page looks at, and no more
    hurry: () => undefined,
    readSession: (_session, options) => read(scene, options),
  };
}

async function read(
  scene: Scene,
  {
    from,
    follow,
    onEntry,
    signal,
  }: {
    from: number;
    follow: boolean;
    onEntry: (entry: CheckedEntry) => void | Promise<void>;
    signal: AbortSignal;
  },
): Promise<{ next: number; isOver: boolean }> {
  if (scene === 'refused') throw new ClientError('keys-changed', 'Cannot trust site');
  let next = from;
  for (;;) {
    for (const entry of told.entries.slice(next)) {
      await onEntry(entry);
      next += 1;
    }
    if (scene === 'failed') throw new ClientError('session-unknown', 'Cannot read session');
    if (!follow || scene === 'ended') return { next, isOver: scene === 'ended' };
    await new Promise<void>((resolve) => (heard = resolve));
    signal.throwIfAborted();
  }
}

/** The opening, signed by the technician whose key is `me`'s. */
async function tellOpening(): Promise<string> {
  const signer = statementSigner(await importSigner(new Uint8Array(32).fill(9)));
  const statement = await signStatement(
    {
      ...commonOf(signer, { nowMs: Date.now(), lifeMs: 60_000 }),
      ...{ type: 'session', log: STORY_LOG, endpoint: told.endpoint, session: told.session },
      delegate: formatPersonKey({
        kind: 'ed25519',
        publicKey: (await importSigner(new Uint8Array(32).fill(7))).publicKey,
      }),
      digests: { reason: 'A'.repeat(43), ticket: 'A'.repeat(43) },
    },
    signer,
  );
  await told.open('Tess Technician', statement);
  return signer.key;
}

const params = new URLSearchParams(location.search);
const scene = (params.get('scene') ?? 'work') as Scene; // the test's own word
document.documentElement.dataset['theme'] = params.get('theme') ?? 'light';
const key = await tellOpening();
if (scene === 'work' || scene === 'watch' || scene === 'ended' || scene === 'away')
  await tellWork();
if (scene === 'long') await tellLong();
if (scene === 'ended') told.close();
const pair = await crypto.subtle.generateKey('Ed25519', false, ['sign', 'verify']);
let linkState: LinkState =
  scene === 'away'
    ? { kind: 'away', why: 'No answer', retryAtMs: Date.now() + 3_600_000 }
    : { kind: 'open', isRelayed: true };
const isOwn = scene !== 'watch';
let tellLink = (): void => undefined;
const readLink = createSubscriber((update) => {
  tellLink = update;
});
mount(SessionView, {
  target: document.querySelector('main') ?? document.body,
  props: {
    site: {
      ...{ link: createLink(scene) as never, origin: STORY_LOG }, // what the page uses of a link
      get linkState() {
        readLink();
        return linkState;
      },
      me: { person: 'p', name: 'P', role: 'owner', key: isOwn ? key : 'ed25519:other' },
    },
    session: told.session,
    keys: isOwn ? { site: 's', session: told.session, pair, endsAtMs: Infinity } : undefined,
  },
});

Object.assign(globalThis, {
  stage: {
    say: (text: string) => {
      told.say('client', text);
      wake();
    },
    link: (state: LinkState) => {
      linkState = state;
      tellLink();
    },
  },
});
