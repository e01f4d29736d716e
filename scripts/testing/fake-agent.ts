// A small endpoint for tests of the appliance: a real node that enrols by a token, says hello, checks each order
// as an agent must, and answers with what a script says. Honest by itself, and it keeps what was not acknowledged;
// a test that wants it to misbehave says the words for it.

import type { Stream } from '@libp2p/interface';

import { openJudge } from '#agent/policy/decide.ts';
import { type Conversation, openConversation } from '#agent/protocol/conversation.ts';
import {
  ENROL_PROTOCOL,
  type EnrolAnswer,
  enrolAnswerSchema,
  enrolProofMessage,
  type EnrolRequest,
  parseEnrolToken,
  type SitePins,
} from '#agent/protocol/enrol-message.ts';
import {
  type AgentMessage,
  type AgentMessageOf,
  type ApplianceMessage,
  applianceMessageSchema,
  type Host,
  LINK_PROTOCOL,
} from '#agent/protocol/link-message.ts';
import { openPeerNode, type PeerNode } from '#agent/protocol/node.ts';
import { encodeBase64url, parseBase64url } from '#crypto/base64.ts';
import type { Bytes } from '#crypto/bytes.ts';
import { verifyCheckpoint } from '#crypto/checkpoint.ts';
import { VerifyError } from '#crypto/error.ts';
import { EMPTY_ROOT } from '#crypto/hash.ts';
import { parseVerifierKey } from '#crypto/key.ts';
import type { FieldsOf } from '#crypto/kind.ts';
import { parsePersonKey } from '#crypto/person-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { checkOrderCheckpoint, checkWorkOrder, type WorkOrder } from '#crypto/work-order.ts';

import { createInbox, type Inbox } from './agent-appliance.ts';
import { createKeyed, type Keyed, type LiveSite } from './live-site.ts';

/** What an endpoint got when it was enrolled. */
export interface FakeIdentity {
  readonly endpoint: string;
  readonly name: string;
  readonly labels: readonly string[];
  readonly keyed: Keyed;
  readonly pins: SitePins;
  /** The first checkpoint that it saw. */
  readonly checkpoint: string;
}

export const FAKE_HOST: Host = {
  hostname: 'till-1',
  os: 'linux',
  arch: 'x64',
  version: '6.8',
  uptimeS: 3600,
  load1: 0.5,
  cpuCount: 4,
  memoryTotalBytes: 8e9,
  memoryFreeBytes: 4e9,
  diskTotalBytes: 1e11,
  diskFreeBytes: 5e10,
  runtime: 'node',
  runtimeVersion: '24.0.0',
};

/** Has the owner make a token. */
export async function askToken(site: LiveSite, name: string, labels: readonly string[] = []) {
  await using owner = await site.connect(site.owner);
  return await owner.call('endpoint.token', { name, labels: [...labels], lifeS: 3600 });
}

/**
 * Asks to enrol with a token; null when the appliance just hangs up. `over` replaces parts of the request.
 * @throws {ProtocolError} when the appliance does not let the token's key in
 */
export async function askToEnrol(
  tokenText: string,
  { keyed, over = {} }: { keyed: Keyed; over?: Partial<EnrolRequest> },
): Promise<EnrolAnswer | null> {
  const token = parseEnrolToken(tokenText);
  const seed = parseBase64url(token.secret);
  const { publicKey: tokenKey } = await importSigner(seed);
  const proof = await keyed.signer.sign(enrolProofMessage(tokenKey, keyed.signer.publicKey));
  await using node = await openPeerNode({ seed });
  const { stream, remotePublicKey } = await dial(node, token.site, ENROL_PROTOCOL);
  await using conversation = openConversation<EnrolAnswer, EnrolRequest>(stream, {
    schema: enrolAnswerSchema,
    remotePublicKey,
  });
  await conversation.send({
    kind: 'enrol',
    key: keyed.key,
    proof: encodeBase64url(proof),
    software: 'fake/1',
    host: FAKE_HOST,
    ...over,
  });
  return await conversation.receive();
}

/** Enrols a new endpoint at a site, and has the owner verify it unless it shall be pending. */
export async function enrolEndpoint(
  site: LiveSite,
  {
    name = 'till',
    labels = [],
    isVerified = true,
  }: { name?: string; labels?: readonly string[]; isVerified?: boolean } = {},
): Promise<FakeIdentity> {
  const { token, site: pins } = await askToken(site, name, labels);
  const keyed = await createKeyed();
  const answer = await askToEnrol(token, { keyed });
  if (answer?.kind !== 'enrolled') throw new Error(`Cannot enrol: ${JSON.stringify(answer)}`);
  const { endpoint, checkpoint } = answer;
  if (isVerified) {
    await using owner = await site.connect(site.owner);
    await owner.call('endpoint.verify', { endpoint });
  }
  return { endpoint, name, labels, keyed, pins, checkpoint };
}

/** An order that held. */
export interface TakenOrder {
  readonly run: string;
  readonly fields: FieldsOf<'command.started'>;
  readonly order: WorkOrder;
  /** Tree index of its `command.started`. */
  readonly index: number;
}

/** What a command prints and how it ends; null: the test plays it by hand. */
export type Script = (order: TakenOrder) => {
  readonly stdout?: string;
  readonly stderr?: string;
  readonly exitCode?: number;
} | null;

interface HeldRun {
  seq: number;
  readonly offsets: { stdout: number; stderr: number };
  unacknowledged: (AgentMessageOf<'output'> | AgentMessageOf<'exited'>)[];
}

type LinkConversation = Conversation<ApplianceMessage, AgentMessage>;

/** An endpoint at work. */
export class FakeAgent implements AsyncDisposable {
  readonly identity: FakeIdentity;
  /** Everything that the appliance said, over all links. */
  readonly said: Inbox<ApplianceMessage> = createInbox();
  /** Orders that held, in order. */
  readonly orders: Inbox<TakenOrder> = createInbox();
  script: Script;
  /** The last checkpoint that held, as signed. Tests may set it. */
  checkpoint: string | null;
  /** Where its appliance is: another place after a restart. */
  pins: SitePins;
  readonly #now: () => number;
  readonly #node: PeerNode;
  readonly #runs = new Map<string, HeldRun>();
  readonly #commands = new Set<string>();
  #conversation: LinkConversation | null = null;
  #reading: Promise<void> = Promise.resolve();

  constructor(
    identity: FakeIdentity,
    options: { node: PeerNode; script: Script; now: () => number },
  ) {
    this.identity = identity;
    this.checkpoint = identity.checkpoint;
    this.pins = identity.pins;
    this.script = options.script;
    this.#node = options.node;
    this.#now = options.now;
  }

  /** Opens the endpoint, and its link unless it shall come later. By default every command prints what it is. */
  static async open(
    identity: FakeIdentity,
    {
      script = ({ fields }) => ({ stdout: `${fields.command}\n` }),
      isLinked = true,
      now = () => Date.now(),
    }: { script?: Script; isLinked?: boolean; now?: () => number } = {},
  ): Promise<FakeAgent> {
    const node = await openPeerNode({ seed: identity.keyed.seed });
    const agent = new FakeAgent(identity, { node, script, now });
    if (isLinked) await agent.link();
    return agent;
  }

  /** Resolves when the present link is gone, from whichever side. */
  get closed(): Promise<void> {
    return this.#conversation?.closed ?? Promise.resolve();
  }

  /** Links, says hello, and goes on with the runs that the appliance wants. `over` replaces parts of hello. */
  async link(
    over: Partial<AgentMessageOf<'hello'>> = {},
  ): Promise<Extract<ApplianceMessage, { kind: 'welcome' }>> {
    const conversation = await this.dial();
    await conversation.send({ ...this.hello(), ...over });
    const welcome = await conversation.receive();
    if (welcome?.kind !== 'welcome') throw new Error('Cannot link: no welcome');
    this.#conversation = conversation;
    const wanted = new Map(welcome.runs.map(({ run, next }) => [run, next]));
    for (const [run, held] of this.#runs) {
      const next = wanted.get(run);
      if (next === undefined) this.#runs.delete(run);
      else for (const each of held.unacknowledged) if (each.seq >= next) await this.say(each);
    }
    this.#reading = this.#read(conversation);
    return welcome;
  }

  /** What it would say first. */
  hello(): AgentMessageOf<'hello'> {
    return {
      kind: 'hello',
      endpoint: this.identity.endpoint,
      software: 'fake/1',
      host: FAKE_HOST,
      shells: ['sh', 'bash', 'cmd'],
      seen: this.checkpoint,
      runs: [...this.#runs].map(([run, { seq, unacknowledged }]) => ({
        run,
        next: unacknowledged[0]?.seq ?? seq,
      })),
    };
  }

  /** A conversation in which nothing was said yet. The caller reads it. */
  async dial(): Promise<LinkConversation> {
    const { stream, remotePublicKey } = await this.dialStream();
    return openConversation<ApplianceMessage, AgentMessage>(stream, {
      schema: applianceMessageSchema,
      remotePublicKey,
    });
  }

  /** A bare stream, for what is no message. */
  dialStream(protocol = LINK_PROTOCOL): Promise<{ stream: Stream; remotePublicKey: Bytes }> {
    return dial(this.#node, this.pins, protocol);
  }

  /** Says anything. */
  async say(message: AgentMessage): Promise<void> {
    if (this.#conversation === null) throw new Error('Cannot say: there is no link');
    await this.#conversation.send(message);
  }

  /** Prints, as a command does. What cannot be sent now is sent when the appliance asks for it. */
  async print(run: string, text: string, stream: 'stdout' | 'stderr' = 'stdout'): Promise<void> {
    const held = this.#held(run);
    const data = Buffer.from(text);
    const offset = held.offsets[stream];
    held.offsets[stream] += data.length;
    const seq = held.seq++;
    await this.#tell(held, {
      ...{ kind: 'output', run, seq, stream, offset },
      data: data.toString('base64'),
    });
  }

  /** Ends a command. `over` replaces parts of what is told. */
  async exit(run: string, over: Partial<AgentMessageOf<'exited'>> = {}): Promise<void> {
    const held = this.#held(run);
    await this.#tell(held, {
      ...{ kind: 'exited', run, seq: held.seq++, outcome: 'exited', exitCode: 0, signal: null },
      ...{ durationMs: 5, stdoutBytes: held.offsets.stdout, stderrBytes: held.offsets.stderr },
      ...{ droppedBytes: 0, problem: null },
      ...over,
    });
  }

  /** Waits for the next word of a kind, past or future. */
  async hear<K extends ApplianceMessage['kind']>(
    kind: K,
  ): Promise<Extract<ApplianceMessage, { kind: K }>> {
    const message = await this.said.take((each) => each.kind === kind);
    return message as Extract<ApplianceMessage, { kind: K }>; // of that kind
  }

  /** Breaks the connection, as when a cable is pulled. */
  async vanish(): Promise<void> {
    this.#node.disconnect(applianceKey(this.pins));
    await this.#reading;
    this.#conversation = null;
  }

  /** Loses all its runs, as when the machine restarts. */
  forget(): void {
    this.#runs.clear();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#conversation?.[Symbol.asyncDispose]();
    await this.#reading;
    await this.#node[Symbol.asyncDispose]();
  }

  #held(run: string): HeldRun {
    const held = this.#runs.get(run);
    if (held === undefined) throw new Error('Cannot play run: it was not ordered');
    return held;
  }

  async #tell(held: HeldRun, message: HeldRun['unacknowledged'][number]): Promise<void> {
    held.unacknowledged.push(message);
    await this.#conversation?.send(message).catch(() => undefined); // kept, and sent again
  }

  /** Never rejects: a link that is gone is told by `closed`. */
  async #read(conversation: LinkConversation): Promise<void> {
    try {
      for (;;) {
        const message = await conversation.receive();
        if (message === null) return;
        await this.#take(message);
        this.said.put(message);
      }
    } catch {
      return;
    }
  }

  async #take(message: ApplianceMessage): Promise<void> {
    if (message.kind === 'order') return this.#takeOrder(message);
    if (message.kind === 'checkpoint') {
      const { note, seen, consistency } = message;
      await this.#see({ checkpoint: note, seen, consistency });
    }
    if (message.kind === 'ack') {
      const held = this.#runs.get(message.run);
      if (held === undefined) return;
      held.unacknowledged = held.unacknowledged.filter(({ seq }) => seq >= message.next);
    }
  }

  async #takeOrder({ run, order }: Extract<ApplianceMessage, { kind: 'order' }>): Promise<void> {
    let taken: TakenOrder;
    try {
      taken = await this.#check(run, order);
    } catch (cause) {
      if (!(cause instanceof VerifyError)) throw cause;
      const { size } = await this.#seen();
      const { code, message } = cause;
      return this.say({ kind: 'refused', run, code, message, seenSize: size });
    }
    this.#runs.set(run, { seq: 0, offsets: { stdout: 0, stderr: 0 }, unacknowledged: [] });
    this.orders.put(taken);
    const script = this.script(taken);
    if (script === null) return;
    if (script.stdout !== undefined) await this.print(run, script.stdout);
    if (script.stderr !== undefined) await this.print(run, script.stderr, 'stderr');
    await this.exit(run, { exitCode: script.exitCode ?? 0 });
  }

  async #check(run: string, order: WorkOrder): Promise<TakenOrder> {
    const { identity } = this;
    const checked = await checkWorkOrder(
      order,
      {
        logKey: parseVerifierKey(this.pins.log),
        mspRoot: this.pins.msp_root,
        authorityKey: this.pins.authority,
        endpoint: identity.endpoint,
        seen: { roster: null, authority: null, policy: null },
        seenCheckpoint: await this.#seen(),
        judgement: { judge: await judge, labels: identity.labels },
      },
      this.#now(),
    );
    this.checkpoint = order.checkpoint;
    const { hash } = checked.authorised.command;
    if (this.#commands.has(hash)) throw new VerifyError('not-authorised', 'It ran before');
    this.#commands.add(hash);
    return { run, fields: checked.fields, order, index: checked.index };
  }

  async #see(claim: Pick<WorkOrder, 'checkpoint' | 'seen' | 'consistency'>): Promise<void> {
    const logKey = parseVerifierKey(this.pins.log);
    await checkOrderCheckpoint(claim, { logKey, seenCheckpoint: await this.#seen() });
    this.checkpoint = claim.checkpoint;
  }

  async #seen() {
    if (this.checkpoint === null) return { size: 0, root: EMPTY_ROOT };
    return verifyCheckpoint(this.checkpoint, parseVerifierKey(this.pins.log));
  }
}

const judge = openJudge();

function dial(
  node: PeerNode,
  pins: SitePins,
  protocol: string,
): Promise<{ stream: Stream; remotePublicKey: Bytes }> {
  return node.dial({
    addresses: pins.addresses,
    publicKey: applianceKey(pins),
    protocol,
    signal: AbortSignal.timeout(60_000),
  });
}

function applianceKey({ appliance }: SitePins): Bytes {
  const key = parsePersonKey(appliance);
  if (key.kind !== 'ed25519') throw new Error('unreachable: an appliance has an Ed25519 key');
  return key.publicKey;
}
