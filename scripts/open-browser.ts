// Opens a page in the person's browser, where there is one to see it. The address was printed: that nothing opens
// is no failure.

import { spawn } from 'node:child_process';

/** What opens an address on a system; null: there is nobody to see it, or BROWSER=none says not to. */
export function browserCommand(
  platform: NodeJS.Platform,
  environment: Readonly<Record<string, string | undefined>>,
): readonly [string, ...string[]] | null {
  if (environment['BROWSER'] === 'none' || environment['SSH_CONNECTION'] !== undefined) return null;
  if (platform === 'darwin') return ['open'];
  if (platform === 'win32') return ['rundll32', 'url.dll,FileProtocolHandler'];
  const hasDisplay = [environment['DISPLAY'], environment['WAYLAND_DISPLAY']].some(
    (display) => display !== undefined && display !== '',
  );
  return hasDisplay ? ['xdg-open'] : null;
}

/** Opens an address; answers whether it was tried. Never fails. */
export function openBrowser(url: string): boolean {
  const command = browserCommand(process.platform, process.env);
  if (command === null) return false;
  const [program, ...args] = command;
  const child = spawn(program, [...args, url], { detached: true, stdio: 'ignore' });
  child.on('error', () => undefined); // the address stands in the terminal
  child.unref();
  return true;
}
