// A session's entries, in the order of the log, become the cards of its page. Entries find the card that they belong
// to by what they cite: a request, a start, the signed command. Nothing is guessed where the log says it; where it
// does not (a state captured around a command that nobody was asked about), only what stands side by side in the
// log is put together, and the rest has a card of its own.

import type { CheckedEntry } from '#appliance/protocol/shown-entry.ts';
import { isOpenedAs } from '#crypto/entry.ts';
import type { FieldsOf, Kind } from '#crypto/kind.ts';
import { envelopeSchema, parseStatement } from '#crypto/statement.ts';
import { visibleBytes, visibleText } from '#crypto/visible.ts';
import { baseOf, factCard, markOf } from './fact-card.ts';
import { Grown } from './grown.ts';
import { OutputText } from './output-text.ts';
import type { Card, CommandCard, CommandText, EntryMark, StatePart } from './session-card.ts';
import { sayText, sayTextOrNull } from './session-fact.ts';
import { requestAfter, requestOf } from './session-request.ts';

type Fields<K extends Kind> = Readonly<Partial<FieldsOf<K>>>;
type Purpose = FieldsOf<'command.started'>['purpose'];

/** A command that started: which card tells of it, and as what. */
interface Role {
  readonly slot: number;
  readonly purpose: Purpose;
}

/** A state before a command, of which the command is not known yet. */
interface Loose {
  readonly slot: number;
  /** Position in the session of the entry that ended it; null while it runs. */
  endedAt: number | null;
}

/** The cards of one session. Entries go in, in order; each changes or adds one card. */
export class SessionCards {
  readonly #cards: Card[] = [];
  readonly #byStatement = new Map<string, number>();
  readonly #byRequest = new Map<string, number>();
  readonly #byStart = new Map<string, Role>();
  readonly #byState = new Map<string, number>();
  readonly #loose = new Map<number, Loose>();
  /** Commands that ended, newest last, with the position of the entry that said so: they may get a state after. */
  readonly #ended: { readonly slot: number; readonly n: number }[] = [];

  /** The cards so far: an array of its own. */
  cards(): readonly Card[] {
    return [...this.#cards];
  }

  /** Whether the log has said anything of this signed command. */
  has(statement: string): boolean {
    return this.#byStatement.has(statement);
  }

  /** Takes the session's next entry. */
  take(entry: CheckedEntry): void {
    const { opened } = entry;
    if (isOpenedAs(opened, 'command.started')) this.#start(entry, opened.fields);
    else if (isOpenedAs(opened, 'command.output')) this.#output(entry, opened.fields);
    else if (isOpenedAs(opened, 'command.exited')) this.#exit(entry, opened.fields);
    else if (isOpenedAs(opened, 'command.refused')) this.#refuse(entry, opened.fields);
    else if (isOpenedAs(opened, 'state.captured')) this.#capture(entry, opened.fields);
    else if (isOpenedAs(opened, 'approval.requested')) this.#request(entry, opened.fields);
    else if (opened.kind.startsWith('approval.')) this.#decide(entry);
    else if (isOpenedAs(opened, 'chat.said')) this.#chat(entry, opened.fields);
    else this.#fact(entry);
  }

  #start(entry: CheckedEntry, fields: Fields<'command.started'>): void {
    const { leaf, name } = entry;
    const purpose = fields.purpose ?? 'work';
    const slot = this.#slotOfStart(entry, purpose, fields);
    this.#byStart.set(name, { slot, purpose });
    if (purpose !== 'work') {
      const command = fields.command === undefined ? null : visibleText(fields.command);
      this.#change(entry, slot, { [sideOf(purpose)]: { ...NO_STATE, command } });
      return;
    }
    this.#change(entry, slot, {
      ...this.#named(slot, fields),
      decision: decisionOf(fields.decision),
      started: { index: leaf.i, at: leaf.t },
    });
  }

  #slotOfStart(entry: CheckedEntry, purpose: Purpose, fields: Fields<'command.started'>): number {
    const { leaf } = entry;
    if (purpose === 'state-before') {
      const slot = this.#add(entry);
      this.#loose.set(slot, { slot, endedAt: null });
      return slot;
    }
    if (purpose === 'state-after') return this.#slotOfAfter(entry, fields.command);
    const slot = this.#cited(leaf.ref?.request) ?? this.#known(fields);
    if (slot === undefined) return this.#claim(entry);
    return this.#command(slot).started === null ? slot : this.#add(entry); // a second run is not the first
  }

  /** A state after belongs to the command before it that captured its state by the same command, or stands there. */
  #slotOfAfter(entry: CheckedEntry, command: string | undefined): number {
    const { n = 0 } = entry.leaf;
    const shown = command === undefined ? null : visibleText(command);
    const found = this.#ended.findLast(({ slot, n: endedAt }) => {
      const card = this.#command(slot);
      if (card.after !== null) return false;
      return card.before === null ? endedAt === n - 1 : card.before.command === shown;
    });
    return found?.slot ?? this.#add(entry);
  }

  #output(entry: CheckedEntry, { stream = 'stdout' }: Fields<'command.output'>): void {
    const bytes = entry.texts.get('text') ?? new Uint8Array(0);
    const slot = this.#started(entry)?.slot;
    if (slot === undefined) return this.#fact(entry);
    const output = this.#command(slot).output ?? {
      ...{ text: new OutputText(), exact: new OutputText({ isExact: true }) },
      ...{ stdoutBytes: 0, stderrBytes: 0 },
    };
    output.text.push(stream, bytes);
    output.exact.push(stream, bytes);
    const count = `${stream}Bytes` as const;
    this.#change(entry, slot, { output: { ...output, [count]: output[count] + bytes.length } });
  }

  #exit(entry: CheckedEntry, fields: Fields<'command.exited'>): void {
    const role = this.#started(entry);
    if (role === undefined) return this.#fact(entry);
    const { leaf } = entry;
    const problem = sayTextOrNull(fields.problem);
    if (role.purpose !== 'work') {
      const side = sideOf(role.purpose);
      const state = this.#command(role.slot)[side] ?? NO_STATE;
      const why = state.text === null ? (problem ?? 'It came to no end.') : problem;
      this.#change(entry, role.slot, { [side]: { ...state, isOver: true, problem: why } });
      this.#endLoose(role.slot, leaf.n);
      return;
    }
    this.#ended.push({ slot: role.slot, n: leaf.n ?? 0 });
    this.#change(entry, role.slot, {
      exit: {
        outcome: fields.outcome ?? null,
        code: fields.exit_code ?? null,
        signal: sayTextOrNull(fields.signal),
        durationMs: fields.duration_ms ?? null,
        droppedBytes: fields.dropped_bytes ?? 0,
        problem,
        at: leaf.t,
      },
    });
  }

  #refuse(entry: CheckedEntry, fields: Fields<'command.refused'>): void {
    const { leaf } = entry;
    const why = sayText(fields.why);
    const role = this.#started(entry);
    const purpose = role?.purpose ?? purposeOf(fields);
    if (purpose !== 'work') {
      const side = sideOf(purpose);
      const slot = role?.slot ?? this.#slotOfStart(entry, purpose, fields);
      const state = this.#command(slot)[side] ?? NO_STATE;
      this.#change(entry, slot, { [side]: { ...state, isOver: true, problem: why } });
      this.#endLoose(slot, leaf.n);
      return;
    }
    const isDenied = leaf.ref?.policy !== undefined; // before any state was captured
    const slot =
      role?.slot ??
      this.#cited(leaf.ref?.request) ??
      this.#known(fields) ??
      (isDenied ? this.#add(entry) : this.#claim(entry));
    const refused = { by: sayText(fields.by), code: sayText(fields.code), why, at: leaf.t };
    this.#change(entry, slot, { ...this.#named(slot, fields), refused });
  }

  #capture(entry: CheckedEntry, fields: Fields<'state.captured'>): void {
    const role = this.#started(entry);
    if (role === undefined || role.purpose === 'work') return this.#fact(entry);
    const bytes = entry.texts.get('text');
    const side = sideOf(role.purpose);
    this.#byState.set(entry.name, role.slot);
    this.#change(entry, role.slot, {
      [side]: {
        ...(this.#command(role.slot)[side] ?? NO_STATE),
        text: bytes === undefined ? '(withheld)' : visibleBytes(bytes, { keepNewlines: true }),
        exitCode: fields.exit_code ?? null,
        droppedBytes: fields.dropped_bytes ?? 0,
      },
    });
  }

  #request(entry: CheckedEntry, fields: Fields<'approval.requested'>): void {
    const slot = this.#known(fields) ?? this.#slotOfState(entry) ?? this.#add(entry);
    this.#loose.delete(slot);
    this.#byRequest.set(entry.name, slot);
    this.#change(entry, slot, {
      ...this.#named(slot, fields),
      decision: decisionOf(fields.decision),
      request: requestOf(entry, fields),
    });
  }

  #decide(entry: CheckedEntry): void {
    const slot = this.#cited(entry.leaf.ref?.request);
    const request = slot === undefined ? null : this.#command(slot).request;
    if (slot === undefined || request === null) return this.#fact(entry);
    this.#change(entry, slot, { request: requestAfter(request, entry) });
  }

  #chat(entry: CheckedEntry, { from, name }: Fields<'chat.said'>): void {
    const bytes = entry.texts.get('text');
    this.#cards.push({
      ...baseOf(entry),
      kind: 'chat',
      from: from ?? null,
      name: sayText(name),
      text: bytes === undefined ? '(withheld)' : visibleBytes(bytes, { keepNewlines: true }),
    });
  }

  #fact(entry: CheckedEntry): void {
    this.#cards.push(factCard(entry));
  }

  /** The card of the state that a request cites. When another command's card had taken it, it is given back. */
  #slotOfState(entry: CheckedEntry): number | undefined {
    const state = entry.leaf.ref?.state;
    const taken = state === undefined ? undefined : this.#byState.get(state);
    if (state === undefined || taken === undefined) return undefined;
    const { before, entries, statement } = this.#command(taken);
    if (statement === null) return taken;
    const start = entries.items().find(({ name }) => name === state)?.leaf.ref?.command;
    const isOfState = ({ name, leaf }: EntryMark): boolean =>
      name === start || leaf.ref?.command === start;
    const marks = entries.items();
    const kept = new Grown(marks.filter((mark) => !isOfState(mark)));
    this.#cards[taken] = { ...this.#command(taken), before: null, entries: kept };
    const slot = this.#add(entry);
    const moved = new Grown(marks.filter(isOfState));
    this.#cards[slot] = { ...this.#command(slot), before, entries: moved };
    this.#byState.set(state, slot);
    return slot;
  }

  /** The state before that ended right before this entry, when there is only one: then it is this command's. */
  #claim(entry: CheckedEntry): number {
    const [only, ...others] = this.#loose.values();
    const isNext = only !== undefined && only.endedAt === (entry.leaf.n ?? 0) - 1;
    if (!isNext || others.length > 0) return this.#add(entry);
    this.#loose.delete(only.slot);
    return only.slot;
  }

  #endLoose(slot: number, n: number | undefined): void {
    const loose = this.#loose.get(slot);
    if (loose !== undefined) loose.endedAt = n ?? null;
  }

  #add(entry: CheckedEntry): number {
    return (
      this.#cards.push({ ...NEW_COMMAND, ...baseOf(entry), entries: new Grown<EntryMark>() }) - 1
    );
  }

  /** What a command's own entry says of it; from now on it is found by its signature. */
  #named(slot: number, fields: Fields<'command.started'>): Partial<CommandCard> {
    const statement = statementOf(fields)?.hash ?? null;
    if (statement !== null) this.#byStatement.set(statement, slot);
    return { statement, work: workOf(fields), isWithheld: fields.command === undefined };
  }

  #known(fields: Fields<'command.started'>): number | undefined {
    const hash = statementOf(fields)?.hash;
    return hash === undefined ? undefined : this.#byStatement.get(hash);
  }

  #cited(request: string | undefined): number | undefined {
    return request === undefined ? undefined : this.#byRequest.get(request);
  }

  #started({ leaf }: CheckedEntry): Role | undefined {
    const start = leaf.ref?.command;
    return start === undefined ? undefined : this.#byStart.get(start);
  }

  #command(slot: number): CommandCard {
    const card = this.#cards[slot];
    if (card?.kind !== 'command') throw new Error('unreachable: a command has its card');
    return card;
  }

  #change(entry: CheckedEntry, slot: number, change: Partial<CommandCard>): void {
    const card = this.#command(slot);
    this.#cards[slot] = { ...card, ...change, entries: card.entries.with(markOf(entry)) };
  }
}

const NO_STATE: StatePart = {
  command: null,
  text: null,
  exitCode: null,
  droppedBytes: 0,
  problem: null,
  isOver: false,
};

const NEW_COMMAND = {
  kind: 'command',
  statement: null,
  work: null,
  isWithheld: false,
  decision: null,
  request: null,
  started: null,
  output: null,
  exit: null,
  refused: null,
  before: null,
  after: null,
} as const;

function sideOf(purpose: Exclude<Purpose, 'work'>): 'before' | 'after' {
  return purpose === 'state-before' ? 'before' : 'after';
}

function workOf(fields: Fields<'command.started'>): CommandText | null {
  const { command, shell, cwd, env, timeout_ms: timeoutMs = null } = fields;
  if (command === undefined) return null;
  return {
    command,
    shell: sayText(shell),
    cwd: sayTextOrNull(cwd),
    envNames: Object.keys(env ?? {}).map((name) => visibleText(name)),
    timeoutMs,
  };
}

function decisionOf(decision: FieldsOf<'command.started'>['decision'] | undefined) {
  return decision === undefined ? null : { ...decision, why: visibleText(decision.why) };
}

/** The signed command as the entry holds it; its signature was checked by the appliance, and is by the verifier. */
function statementOf(fields: Fields<'command.started'>) {
  const envelope = envelopeSchema.safeParse(fields.statement);
  return envelope.success ? parseStatement(envelope.data) : null;
}

function purposeOf(fields: Fields<'command.refused'>): Purpose {
  const statement = statementOf(fields)?.statement;
  return statement?.type === 'command' ? statement.purpose : 'work';
}
