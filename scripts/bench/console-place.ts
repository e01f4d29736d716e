// A console with an organisation that its owner founded in Chromium, and its directory at hand: what takes a person
// a click is done there, five hundred times.

import { join } from 'node:path';

import { formatPeer } from '#agent/protocol/peer.ts';
import { formatPersonKey } from '#crypto/person-key.ts';
import { importSigner } from '#crypto/webcrypto.ts';
import { actorOf } from '#ui/server/directory-actor.ts';
import type { JoinSecret } from '#ui/server/directory-sites.ts';
import { type Directory, openDirectory, type OwnDirectory } from '#ui/server/directory.ts';
import { openSecretFile } from '#ui/server/secret-file.ts';
import { openStore, type Store } from '#ui/server/store/store.ts';
import type { BrowserVisitor } from '../testing/browser-visitor.ts';
import { type ConsoleStage, openConsoleStage } from '../testing/console-stage.ts';
import { foundOrganisation } from '../testing/console-steps.ts';
import { freePort } from '../testing/free-port.ts';

export interface ConsolePlace extends AsyncDisposable {
  readonly stage: ConsoleStage;
  /** Who founded the organisation, signed in. */
  readonly owner: BrowserVisitor;
  /** The directory as the owner asks it. */
  readonly own: OwnDirectory;
  readonly directory: Directory;
  readonly relay: {
    /** `ed25519:…` */
    readonly key: string;
    /** The multiaddr by which appliances come, and the one through which browsers reach them. */
    readonly tcp: string;
    readonly circuit: string;
  };
}

const FOUNDER = { organisation: 'Bench', name: 'Sarah Miller', email: 'sarah@bench.example' };

/** Opens a console, founds an organisation in it. */
export async function openConsolePlace({
  executablePath,
  log,
}: {
  executablePath: string;
  log: (line: string) => void;
}): Promise<ConsolePlace> {
  await using opening = new AsyncDisposableStack();
  log('a console …');
  const ports = { tcp: await freePort(), ws: await freePort() };
  const stage = opening.use(
    await openConsoleStage({
      executablePath,
      env: () => ({
        RELAY_TCP: `127.0.0.1:${ports.tcp}`,
        RELAY_WS: `127.0.0.1:${ports.ws}`,
      }),
    }),
  );
  const owner = opening.use(await stage.visitor());
  await stage.tell(() => foundOrganisation(owner, FOUNDER));
  const store = opening.use(await openStore({ dataFolder: stage.data }));
  const directory = openDirectory(store);
  const { publicKey } = await importSigner(await openSecretFile(join(stage.data, 'relay.key')));
  const held = opening.move();
  return {
    ...{ stage, owner, directory, own: directory.of(await founderOf(store)) },
    relay: {
      key: formatPersonKey({ kind: 'ed25519', publicKey }),
      tcp: `/ip4/127.0.0.1/tcp/${ports.tcp}`,
      circuit: `/ip4/127.0.0.1/tcp/${ports.ws}/ws/p2p/${formatPeer(publicKey)}/p2p-circuit`,
    },
    [Symbol.asyncDispose]: () => held.disposeAsync(),
  };
}

/** Adds sites of one client, each with a token that is good for one appliance. */
export async function addSites(
  { own }: Pick<ConsolePlace, 'own'>,
  count: number,
): Promise<JoinSecret[]> {
  const client = await own.createClient('Trial client');
  const sites: JoinSecret[] = [];
  for (let i = 0; i < count; i++) {
    sites.push(await own.createSite({ clientId: client.id, name: `Site ${i}`, joins: 'founded' }));
  }
  return sites;
}

async function founderOf({ db }: Store): Promise<ReturnType<typeof actorOf>> {
  const { id, organisation_id: organisationId } = await db
    .selectFrom('person')
    .selectAll()
    .executeTakeFirstOrThrow();
  return actorOf({ organisationId, personId: id, role: 'owner' });
}
