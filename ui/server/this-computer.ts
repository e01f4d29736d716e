// The site of the computer that this host runs on, when `npm start` started both: reached over the channel between
// the two processes, which nothing on a network can. What it does it does after a person has typed the code that
// stands in the terminal: whoever can open a page of this host cannot thereby take the site.

import { ConsoleError } from './error.ts';
import {
  type Begun,
  type ComputerDown,
  type ComputerUp,
  computerUpSchema,
  type LocalSite,
} from './this-computer-message.ts';

/** The site of this computer, asked. */
export interface ThisComputer extends Disposable {
  /** @throws {ConsoleError} code `conflict` when it does not answer */
  look(): Promise<LocalSite>;
  /**
   * Has the site's root certify a root set.
   * @throws {ConsoleError} code `not-allowed` for a wrong code; `conflict` with what failed
   */
  begin(input: { code: string; rootKeys: string }): Promise<Begun>;
  /** Joins its appliance to this host, after `begin`. @throws {ConsoleError} code `conflict` with what failed */
  join(token: string): Promise<void>;
}

/** The channel to the process that started this one: Node's `process`, as far as it is used. */
export interface ParentChannel {
  readonly send?: ((message: ComputerDown) => boolean) | undefined;
  /** False when the other process has gone. */
  readonly connected?: boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  off(event: 'message', listener: (message: unknown) => void): unknown;
}

const ANSWER_MS = 60_000;

type Ask<K extends ComputerDown['kind']> = Omit<Extract<ComputerDown, { kind: K }>, 'id'>;

/**
 * Opens the way to it.
 * @throws {ConsoleError} code `config` when no channel was opened to this process
 */
export function openThisComputer(parent: ParentChannel, answerMs = ANSWER_MS): ThisComputer {
  const waiting = new Map<number, (answer: ComputerUp) => void>();
  let lastId = 0;
  const hear = (message: unknown): void => {
    const parsed = computerUpSchema.safeParse(message);
    if (parsed.success) waiting.get(parsed.data.id)?.(parsed.data);
  };
  if (parent.send === undefined) {
    const message = 'Cannot start console: CAISEY_THIS_COMPUTER is for "npm start" alone';
    throw new ConsoleError('config', message);
  }
  parent.on('message', hear);
  const ask = async (said: Ask<'look'> | Ask<'begin'> | Ask<'join'>): Promise<ComputerUp> => {
    const id = ++lastId;
    const { promise, resolve, reject } = Promise.withResolvers<ComputerUp>();
    const timer = setTimeout(() => reject(silent()), answerMs);
    waiting.set(id, resolve);
    try {
      if (parent.connected === false) throw silent();
      parent.send?.({ ...said, id });
      return refuse(await promise);
    } finally {
      clearTimeout(timer);
      waiting.delete(id);
    }
  };
  return {
    async look() {
      const answer = await ask({ kind: 'look' });
      if (answer.kind !== 'site') throw silent();
      return answer.site;
    },
    async begin(input) {
      const answer = await ask({ kind: 'begin', ...input });
      if (answer.kind !== 'begun') throw silent();
      return answer.begun;
    },
    async join(token) {
      const answer = await ask({ kind: 'join', token });
      if (answer.kind !== 'joined') throw silent();
    },
    [Symbol.dispose]() {
      parent.off('message', hear);
    },
  };
}

function refuse(answer: ComputerUp): ComputerUp {
  if (answer.kind !== 'refused') return answer;
  const code = answer.code === 'wrong-code' ? 'not-allowed' : 'conflict';
  throw new ConsoleError(code, answer.message);
}

function silent(): ConsoleError {
  return new ConsoleError(
    'conflict',
    'Cannot reach the site of this computer: "npm start" is silent',
  );
}
