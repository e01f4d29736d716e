// `caisey key …`: a key of your own, and the public half of it for those who let you in.

import type { Act, Invocation } from './invocation.ts';
import type { Parent } from './program.ts';

export function addKey(parent: Parent, act: Act): void {
  const key = parent.command('key').description('make a key, or show its public half');
  key
    .command('create')
    .description('make a key file that only you can read')
    .argument('[file]', 'where; by default keys/me.key in your home')
    .requiredOption('--name <name>', 'whose it is')
    .addHelpText('after', '\nExample:\n  $ caisey key create --name "Terry Technician"')
    .action((file, options) => act((invocation) => create(invocation, file, options)));
  key
    .command('show')
    .description('print the public key, which is no secret')
    .argument('[file]', 'key file; by default the one that you act with')
    .addHelpText('after', '\nExample:\n  $ caisey key show')
    .action((file) => act((invocation) => show(invocation, file)));
}

async function create(
  { home, output }: Invocation,
  file: string | undefined,
  { name }: { name: string },
): Promise<void> {
  const { createPrivateFile, makePrivateFolder } = await import('./home.ts');
  const { formatKeyFile, parseKeyFile } = await import('#crypto/key-file.ts');
  const { randomBytes } = await import('#crypto/webcrypto.ts');
  const path = file ?? home.myKey;
  if (file === undefined) await makePrivateFolder(home.keys);
  const text = await formatKeyFile({ name, seed: randomBytes(32) });
  await createPrivateFile(path, text);
  const { key } = await parseKeyFile(text);
  await output.result({ file: path, name, key }, () => `${key}\n`);
  await output.note(
    `Written to ${path}. Give the line above to the owner of the site: it is no secret.`,
  );
}

async function show(
  { home, keyFile, output }: Invocation,
  file: string | undefined,
): Promise<void> {
  const { loadKey } = await import('./home.ts');
  const path = file ?? keyFile ?? home.myKey;
  const { key, name } = await loadKey(path);
  await output.result({ file: path, name, key }, () => `${key}\n`);
}
