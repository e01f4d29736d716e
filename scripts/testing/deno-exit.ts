// Imported for its effect by tests that open libp2p nodes: on Deno, where a BroadcastChannel of libp2p's peer
// store keeps the process alive for ever, it leaves once uvu has finished and set the exit code. On Node it
// does nothing, so that a handle left open by us still hangs the run and is seen.

import process from 'node:process';

const CHECK_MS = 50;

if ('Deno' in globalThis) {
  process.exitCode = undefined;
  setInterval(() => {
    if (process.exitCode !== undefined) process.exit();
  }, CHECK_MS);
}
