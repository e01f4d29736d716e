// A technician at work, for tests and benchmarks: opens a session with a key of its own, signs commands with the
// session's key, and sees what they say, checked against its leaves.

import type { Client } from '#appliance/protocol/client.ts';
import type { CommandOutcome } from '#appliance/protocol/client-message.ts';
import { signCommand, signOpening } from '#appliance/protocol/session-key.ts';
import { type CheckedEntry, checkShownEntry } from '#appliance/protocol/shown-entry.ts';
import { concatBytes } from '#crypto/bytes.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { importSigner, randomBytes } from '#crypto/webcrypto.ts';
import type { Keyed } from './live-site.ts';
import { statementSigner } from '#crypto/statement.ts';

type CommandFields = Pick<
  FieldsOf<'command.started'>,
  'command' | 'shell' | 'cwd' | 'env' | 'timeout_ms' | 'output_limit'
>;

export interface RunOptions extends Partial<Omit<CommandFields, 'command'>> {
  readonly why?: string;
  /** A command whose output is captured before and after. */
  readonly state?: string;
}

/** A technician's open session. */
export interface WorkingSession {
  readonly session: string;
  /** Every entry of the session so far, checked, in order. */
  readonly entries: readonly CheckedEntry[];
  /** Runs a command to its end. */
  run(command: string, options?: RunOptions): Promise<CommandOutcome>;
  /** Resolves with the first entry that fits, one that is there already or one to come. */
  entry(fits: (entry: CheckedEntry) => boolean): Promise<CheckedEntry>;
  /** The recorded output of a stream, exact bytes, over all commands so far. */
  output(stream: 'stdout' | 'stderr'): Uint8Array;
  close(note?: string): Promise<void>;
}

/** Opens a session as somebody, and follows it. The client stays the caller's. */
export async function openWorkingSession(
  client: Client,
  {
    as,
    endpoint,
    log,
    reason = 'A test.',
  }: { as: Keyed; endpoint: string; log: string; reason?: string | null },
): Promise<WorkingSession> {
  const key = await importSigner(randomBytes(32));
  const opening = await signOpening({
    ...{ log, endpoint, reason },
    ticket: null,
    technician: statementSigner(as.signer),
    delegate: key.publicKey,
    nowMs: Date.now(),
    lifeMs: 3_600_000,
  });
  const { session, envelope } = opening;
  await client.call('session.open', { envelope, reason: opening.reason, ticket: opening.ticket });
  const place = { log, endpoint, session };
  const entries: CheckedEntry[] = [];
  const waiting = new Set<() => void>();
  const following = client.call(
    'session.read',
    { session, from: 0, follow: true },
    {
      onEvent: (event) => {
        if (event.kind !== 'entry') return;
        entries.push(checkShownEntry(event.entry));
        for (const wake of [...waiting]) wake();
      },
    },
  );
  following.catch(() => undefined); // its loss is told to whoever waits for the client
  const sign = (purpose: 'work' | 'state-before' | 'state-after', fields: CommandFields) =>
    signCommand({ ...{ place, purpose, fields }, key: statementSigner(key), nowMs: Date.now() });
  const entry = (fits: (entry: CheckedEntry) => boolean): Promise<CheckedEntry> =>
    new Promise((resolve) => {
      const look = (): void => {
        const found = entries.find(fits);
        if (found === undefined) return;
        waiting.delete(look);
        resolve(found);
      };
      waiting.add(look);
      look();
    });
  return {
    ...{ session, entries, entry },
    async run(command, { why, state, ...fields } = {}) {
      const whole = { ...DEFAULTS, ...fields };
      const capture = (purpose: 'state-before' | 'state-after', text: string) =>
        sign(purpose, { ...whole, command: text }).then(withoutHash);
      const outcome = await client.call('command.submit', {
        session,
        command: withoutHash(await sign('work', { ...whole, command })),
        why: why ?? null,
        before: state === undefined ? null : await capture('state-before', state),
        after: state === undefined ? null : await capture('state-after', state),
      });
      await entry(({ leaf }) => leaf.n === outcome.n);
      return outcome;
    },
    output: (stream) => concatBytes(...outputOf(entries, stream)),
    async close(note) {
      await client.call('session.close', { session, note: note ?? null, ticket: null });
      await following;
    },
  };
}

const DEFAULTS = {
  shell: 'sh',
  cwd: null,
  env: {},
  timeout_ms: 60_000,
  output_limit: 256 * 1024 * 1024,
} as const;

function withoutHash<T extends { hash: string }>({ hash: _hash, ...rest }: T): Omit<T, 'hash'> {
  return rest;
}

function outputOf(entries: readonly CheckedEntry[], stream: 'stdout' | 'stderr'): Uint8Array[] {
  return entries.flatMap(({ leaf, opened, texts }) => {
    if (leaf.k !== 'command.output') return [];
    const { stream: said } = opened.fields as Partial<FieldsOf<'command.output'>>; // of that kind
    const text = texts.get('text');
    return said === stream && text !== undefined ? [text] : [];
  });
}
