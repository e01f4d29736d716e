// A work order for a change that was asked and granted, of which any step may be dishonest; and what an agent
// that never saw this log holds.

import { EMPTY_ROOT } from '#crypto/hash.ts';
import type { PolicyRules } from '#crypto/policy.ts';
import { type OrderTrust, type WorkOrder, workOrderSchema } from '#crypto/work-order.ts';

import type { MemoryEntry } from './memory-log.ts';
import { workOrderOf } from './site-story.ts';
import { askFor, decide } from './story-approval.ts';
import { captureState, signCommand, startCommand } from './story-command.ts';
import { storyJudge } from './story-policy.ts';
import { openSession, type Session } from './story-session.ts';
import { foundSite, type Site, timeOf } from './story-site.ts';

/** What each step is given beside the honest values. */
export interface OrderAttack {
  readonly site?: Site;
  readonly rules?: PolicyRules;
  readonly open?: Parameters<typeof openSession>[1];
  readonly command?: Partial<Parameters<typeof signCommand>[1]>;
  readonly ask?: Parameters<typeof askFor>[2];
  readonly decide?: Partial<Parameters<typeof decide>[2]>;
  readonly start?: Parameters<typeof startCommand>[2];
  /** Changes the order before it is parsed as the agent does. */
  readonly change?: (order: WorkOrder, made: Omit<MadeOrder, 'order'>) => unknown;
}

export interface MadeOrder {
  readonly site: Site;
  readonly session: Session;
  readonly request: MemoryEntry;
  readonly grant: MemoryEntry;
  readonly started: MemoryEntry;
  readonly order: WorkOrder;
}

/** Tells the story of one granted change, and makes its order. */
export async function makeOrder(attack: OrderAttack = {}): Promise<MadeOrder> {
  const site = attack.site ?? (await foundSite(attack.rules && { rules: attack.rules }));
  const session = await openSession(site, attack.open);
  const text = 'policy drop;\n';
  const state = await captureState(session, { phase: 'before', command: 'nft-list', text });
  const command = await signCommand(session, { command: 'nft add rule', ...attack.command });
  const request = askFor(session, command, { state, ...attack.ask });
  const grant = await decide(session, request, { command, ...attack.decide });
  const started = startCommand(session, command, { request, grants: [grant], ...attack.start });
  const made = { site, session, request, grant, started };
  const order = structuredClone(await workOrderOf({ session, request, grant }, started));
  await attack.change?.(order, made);
  return { ...made, order: workOrderSchema.parse(order) };
}

/** What the agent of the story's endpoint holds, having seen nothing of the log. */
export function orderTrustOf({ log, people, endpoint }: Site): OrderTrust {
  return {
    logKey: log.key,
    mspRoot: people.root.key,
    authorityKey: people.authority.key,
    endpoint,
    seen: { roster: null, authority: null, policy: null },
    seenCheckpoint: { size: 0, root: EMPTY_ROOT },
    judgement: { judge: storyJudge, labels: ['frontdesk'] },
  };
}

/** A moment after the command was put on record, in milliseconds. */
export function justAfter(started: MemoryEntry): number {
  return timeOf(started) + 1000;
}
