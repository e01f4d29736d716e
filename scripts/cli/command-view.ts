// What a person or a program sees of one command while it goes its way: whom it waits for, its output when that
// is durable, and how it ended. Entries of other commands of the session are not shown.

import type { CommandOutcome } from '#appliance/protocol/client-message.ts';
import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { parseBase64url } from '#crypto/base64.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import { envelopeSchema, parseStatement } from '#crypto/statement.ts';
import { matchCode } from '#crypto/match-code.ts';
import { visibleText } from '#crypto/visible.ts';
import { isBrokenPipe } from './broken-pipe.ts';
import { bytesJson } from './entry-lines.ts';
import type { Invocation } from './invocation.ts';
import { formatCount, formatMoment, formatSpan } from './quantity.ts';
import type { Style } from './table.ts';
import type { OutStream } from './terminal.ts';
import { VisibleStream } from './visible-stream.ts';

export interface CommandViewOptions {
  readonly invocation: Pick<Invocation, 'output' | 'terminal'>;
  /** Hash of the command's statement. */
  readonly command: string;
  /** Where the site's own page is; null: none. */
  readonly page: string | null;
  readonly isRaw: boolean;
  readonly endpointName: string;
  /** Told once when nobody reads our output any more. */
  readonly onBrokenPipe: () => void;
}

type StreamName = 'stdout' | 'stderr';

/** Shows one command. Entries go in, in order. */
export class CommandView {
  readonly #options: CommandViewOptions;
  readonly #visible = { stdout: new VisibleStream(), stderr: new VisibleStream() };
  readonly #broken = new Set<StreamName>();
  /** The stream whose output stopped within a line, when nothing was written after it. */
  #unended: StreamName | null = null;
  #request: string | null = null;
  #started: string | null = null;
  #seen = -1;
  #wanted = { n: Infinity, resolve: (): void => undefined };

  constructor(options: CommandViewOptions) {
    this.#options = options;
  }

  /** Says in which session the command will run: its record is found by that. */
  async begin(session: string, { isOwn }: { isOwn: boolean }): Promise<void> {
    const opened = isOwn ? ', opened for this command' : '';
    await this.#tell(
      { event: 'session', session, isOpened: isOwn },
      `Session ${session}${opened}`,
      'dim',
    );
  }

  /** Takes the session's next entry. Resolves when what it shows was written. */
  async take(entry: CheckedEntry): Promise<void> {
    await this.#show(entry);
    this.#seen = entry.leaf.n ?? this.#seen;
    if (this.#seen >= this.#wanted.n) this.#wanted.resolve();
  }

  /** Resolves when the entry at this position of the session was shown. */
  whenSeen(n: number): Promise<void> {
    if (this.#seen >= n) return Promise.resolve();
    return new Promise((resolve) => {
      this.#wanted = { n, resolve };
    });
  }

  /** Says that the endpoint went away, and what that means for the command; or that it is back. */
  async takePresence({
    isOnline,
    waitMs,
  }: {
    readonly isOnline: boolean;
    readonly waitMs: number;
  }): Promise<void> {
    const name = visibleText(this.#options.endpointName);
    const isAsked = this.#request !== null && this.#started === null;
    const note = isOnline
      ? `${name} is back`
      : isAsked
        ? `${name} went offline. The request still waits; approved while ${name} is away, the command is not run`
        : `${name} went offline; waiting up to ${formatSpan(waitMs)} for it …`;
    await this.#tell({ event: isOnline ? 'online' : 'offline', waitMs }, note);
  }

  /** Says that we leave a cancelled command whose endpoint is not there to say how it ended. */
  async leave(session: string): Promise<void> {
    const name = visibleText(this.#options.endpointName);
    const show = this.#options.invocation.output.called(`session show ${session}`);
    await this.#tell(
      { event: 'left', session },
      `Cancelled. ${name} is offline and ends the command when it is back; the record will say how it ended: ${show}`,
    );
  }

  /** Shows how it ended. */
  async end(outcome: CommandOutcome, session: string): Promise<void> {
    const { output } = this.#options.invocation;
    for (const name of ['stdout', 'stderr'] as const) {
      const rest = this.#visible[name].end();
      if (rest !== '') await this.#write(name, rest);
    }
    if (this.isBroken) return; // nobody reads: as other tools, we say nothing of it
    if (output.isJson) {
      await this.#tell({ event: 'ended', session, ...outcome }, null);
      return;
    }
    const { droppedBytes } = outcome;
    if (droppedBytes > 0) {
      await this.#note(
        `Output beyond --output-limit was dropped: ${formatCount(droppedBytes, 'byte')}, neither shown nor on record`,
        'yellow',
      );
    }
    const words = endWords(outcome);
    if (words !== null) await this.#note(words, 'red');
  }

  /** Whether nobody reads our output any more. */
  get isBroken(): boolean {
    return this.#broken.size > 0;
  }

  async #show(entry: CheckedEntry): Promise<void> {
    const { opened, leaf } = entry;
    if (isOpenedAs(opened, 'command.output')) {
      if (leaf.ref?.command === this.#started) await this.#showOutput(entry, opened.fields.stream);
    } else if (isOpenedAs(opened, 'approval.requested')) {
      if (this.#isOurs(opened.fields.statement)) await this.#showRequest(entry, opened.fields);
    } else if (isOpenedAs(opened, 'command.started')) {
      if (!this.#isOurs(opened.fields.statement)) return;
      this.#started = entry.name;
      await this.#tell({ event: 'started', hash: entry.name, index: leaf.i, n: leaf.n }, null);
    } else if (leaf.ref?.request !== undefined && leaf.ref.request === this.#request) {
      await this.#showDecision(entry);
    }
  }

  #isOurs(statement: unknown): boolean {
    const envelope = envelopeSchema.safeParse(statement);
    return envelope.success && parseStatement(envelope.data).hash === this.#options.command;
  }

  async #showRequest(
    { name, leaf }: CheckedEntry,
    {
      expires,
      decision,
      approvals = 1,
    }: {
      readonly expires?: string;
      readonly decision?: { readonly why: string };
      readonly approvals?: number;
    },
  ): Promise<void> {
    this.#request = name;
    const { page, invocation } = this.#options;
    const match = matchCode(parseBase64url(name));
    const leftMs = Date.parse(expires ?? '') - invocation.terminal.now();
    const lines = [
      `Waiting for the client's approval. Match code: ${match}`,
      `  because   ${visibleText(decision?.why ?? 'the policy asks it')}`,
      `  needs     ${formatCount(approvals, 'approver')}`,
      `  until     ${visibleText(formatMoment(expires ?? ''))} (${formatSpan(leftMs)})`,
      ...(page === null ? [] : [`  on site   ${visibleText(page)}`]),
      `  or by     ${invocation.output.called('request approve')} ${match} --key FILE`,
    ];
    await this.#tell(
      { event: 'waiting', request: name, match, expires, approvals, index: leaf.i, page },
      lines.join('\n'),
    );
  }

  async #showDecision({ opened, leaf }: CheckedEntry): Promise<void> {
    const base = { event: opened.kind, request: this.#request, index: leaf.i };
    if (isOpenedAs(opened, 'approval.notified')) {
      const { channel = '?', to, by = null } = opened.fields;
      const verb = by === null ? 'Asked' : `Reminded by ${visibleText(by)}`;
      const line = `${verb}: ${visibleText(to ?? 'every approver')}, by ${visibleText(channel)}`;
      return this.#tell({ ...base, channel, to, by }, line);
    }
    if (isOpenedAs(opened, 'approval.viewed')) {
      const { by, channel = '?' } = opened.fields;
      const line = `Looked at by ${visibleText(by ?? 'somebody')}, ${visibleText(channel)}`;
      return this.#tell({ ...base, channel, by }, line);
    }
    if (isOpenedAs(opened, 'approval.granted') || isOpenedAs(opened, 'approval.denied')) {
      const { approver = '?', comment } = opened.fields;
      const verb = opened.kind === 'approval.granted' ? 'Approved' : 'Denied';
      const why = comment == null ? '' : `: ${visibleText(comment)}`;
      return this.#tell(
        { ...base, approver, comment },
        `${verb} by ${visibleText(approver)}${why}`,
      );
    }
    if (opened.kind.startsWith('approval.')) await this.#tell(base, null); // its end says the rest
  }

  async #showOutput({ texts, leaf }: CheckedEntry, stream: StreamName = 'stdout'): Promise<void> {
    const bytes = texts.get('text');
    if (bytes === undefined) return;
    const { output } = this.#options.invocation;
    if (output.isJson) {
      await this.#tell({ event: 'output', stream, index: leaf.i, ...bytesJson(bytes) }, null);
      return;
    }
    const { isTTY } = this.#target(stream);
    const isRaw = this.#options.isRaw || !isTTY;
    await this.#write(stream, isRaw ? bytes : this.#visible[stream].push(bytes));
  }

  /** Writes output; when nobody reads it any more, the command is cancelled once and the rest dropped. */
  #write(stream: StreamName, data: string | Uint8Array): Promise<void> {
    if (data.length > 0) this.#unended = endsLine(data) ? null : stream;
    return this.#unlessBroken(stream, () => this.#target(stream).write(data));
  }

  /** Says something to the person, on a line of its own where the output goes to the same place. */
  async #note(text: string, style: Style): Promise<void> {
    const { output, terminal } = this.#options.invocation;
    const unended = this.#unended;
    this.#unended = null;
    if (unended !== null && this.#target(unended).isTTY === terminal.stderr.isTTY) {
      await terminal.stderr.write('\n');
    }
    await output.note(text, style);
  }

  async #unlessBroken(stream: StreamName, write: () => Promise<void>): Promise<void> {
    if (this.#broken.has(stream)) return;
    try {
      await write();
    } catch (cause) {
      if (!isBrokenPipe(cause)) throw cause;
      if (this.#broken.size === 0) this.#options.onBrokenPipe();
      this.#broken.add(stream);
    }
  }

  #target(stream: StreamName): OutStream {
    return this.#options.invocation.terminal[stream];
  }

  /** Tells an event: JSON to programs, a note to people when there is one. */
  async #tell(
    event: Readonly<Record<string, unknown>>,
    note: string | null,
    style: Style = 'yellow',
  ): Promise<void> {
    const { output } = this.#options.invocation;
    if (output.isJson) await this.#unlessBroken('stdout', () => output.item(event, () => ''));
    else if (note !== null) await this.#unlessBroken('stderr', () => this.#note(note, style));
  }
}

function endsLine(data: string | Uint8Array): boolean {
  return typeof data === 'string' ? data.endsWith('\n') : data.at(-1) === 0x0a;
}

/** Null for a command that came to its own end: its exit code says it. */
function endWords({ outcome, signal, problem, stoppedBy }: CommandOutcome): string | null {
  if (stoppedBy !== null && outcome !== 'withdrawn') {
    const when = outcome === 'cancelled' ? 'while it ran' : 'before it ran';
    return `Stopped ${when}, by ${visibleText(stoppedBy)}`;
  }
  const why = problem === null ? '' : `: ${visibleText(problem)}`;
  switch (outcome) {
    case 'exited':
      return problem === null ? null : visibleText(problem);
    case 'signalled':
      return `Ended by ${visibleText(signal ?? 'a signal')}${why}`;
    case 'timed-out':
      return `Timed out${why}`;
    case 'cancelled':
      return `Cancelled${why}`;
    case 'not-started':
      return `Could not be started${why}`;
    case 'interrupted':
      return `The endpoint lost it while it ran${why}`;
    case 'refused':
      return `Refused${why}`;
    case 'denied':
    case 'expired':
      return `Not run, ${outcome}${why}`;
    case 'withdrawn':
      return `Not run${why}`;
    default:
      throw new Error(`unreachable: outcome ${String(outcome satisfies never)}`);
  }
}
