// A founded site's uplink: the console of its configuration, what the desk tells, and a roster that comes down on
// the way that one brought by a client takes.

import type { Link } from '#agent/protocol/link.ts';
import type { PeerNode } from '#agent/protocol/node.ts';
import { type Bytes, copyBytes, equalBytes } from '#crypto/bytes.ts';
import { parseStatement } from '#crypto/statement.ts';
import type { ApplianceEvent } from '../appliance.ts';
import type { Desk } from '../broker/client/call.ts';
import { putInForce } from '../broker/in-force.ts';
import type { ConsoleConfig } from '../config.ts';
import type { Clock } from '../work/clock.ts';
import { WorkError } from '../work/error.ts';
import { peerKeyOf } from '../work/site.ts';
import { deskSource } from './desk-source.ts';
import { type RelayListener, relayListener } from './relay-listener.ts';
import { openUplink, type UplinkSource, type UplinkState } from './uplink.ts';

/** The way to a console, and from it through its relay. */
export interface ConsoleWay {
  readonly config: ConsoleConfig;
  readonly publicKey: Bytes;
  readonly relay: RelayListener;
  isConsole(publicKey: Uint8Array): boolean;
}

/** Makes the way to a configured console; its relay's transport belongs in the node. */
export function consoleWay(config: ConsoleConfig): ConsoleWay {
  const publicKey = copyBytes(peerKeyOf(config.key));
  return {
    ...{ config, publicKey },
    relay: relayListener(publicKey),
    isConsole: (other) => equalBytes(other, publicKey),
  };
}

interface Surroundings {
  readonly node: Pick<PeerNode, 'dial' | 'discovered'>;
  readonly clock: Clock;
  readonly onEvent: (event: ApplianceEvent) => void;
}

/** Opens the uplink of a founded site. */
export function openSiteUplink(
  way: ConsoleWay,
  { desk, ...surroundings }: Surroundings & { readonly desk: Desk },
): Link {
  return openConsoleUplink(way, {
    ...surroundings,
    source: deskSource(desk, way.config),
    async onRoster(envelope) {
      const { type } = parseStatement(envelope).statement;
      if (type !== 'roster') {
        throw new WorkError('statement-invalid', `Cannot take roster: it is a ${type}`);
      }
      await putInForce(desk, envelope, { by: 'the console' });
    },
  });
}

/** Opens an uplink by a way. */
export function openConsoleUplink(
  { config, publicKey, relay }: ConsoleWay,
  {
    onEvent,
    ...options
  }: Surroundings & {
    readonly source: UplinkSource;
    readonly onRoster: Parameters<typeof openUplink>[0]['onRoster'];
  },
): Link {
  return openUplink({
    ...options,
    console: { publicKey, addresses: config.addresses },
    relay,
    onState: sayChanges(onEvent),
  });
}

/** Says when the console is reached and when it is lost; not each attempt. */
function sayChanges(
  onEvent: (event: ApplianceEvent) => void,
): (state: UplinkState, cause?: unknown) => void {
  let isUp: boolean | null = null;
  return (state, cause) => {
    if (state === 'connecting') return;
    if ((state === 'connected') === isUp) return;
    isUp = state === 'connected';
    if (isUp) onEvent({ level: 'info', what: 'the console is reached' });
    else {
      const what = 'the console is not reached; the site works on and keeps trying';
      onEvent({ level: 'warning', what, ...(cause === undefined ? {} : { cause }) });
    }
  };
}
