// The yardstick of `bench command`: a local sshd on a free port of loopback, with keys of its own in a temporary
// folder, and one kept connection to it (ControlMaster). The account is the one that runs the benchmark, with
// plain `sh` as its shell: root gets that by an /etc/passwd that only this sshd sees, in a mount namespace of its
// own; anybody else has the shell that he has, and the figure says which.

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { access, chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { freePort } from '../testing/free-port.ts';

const run = promisify(execFile);

export interface KeptSsh extends AsyncDisposable {
  /** The account's login shell. */
  readonly shell: string;
  /** Runs a command over the kept connection, as a whole `ssh` process. */
  readonly exec: (command: string) => Promise<void>;
}

/** Opens the server and the kept connection; null where OpenSSH is not installed. */
export async function openKeptSsh(): Promise<KeptSsh | null> {
  const sshd = await firstOf(['/usr/sbin/sshd', '/usr/bin/sshd', '/usr/local/sbin/sshd']);
  const ssh = await firstOf(['/usr/bin/ssh', '/usr/local/bin/ssh']);
  if (sshd === null || ssh === null) return null;
  const folder = await mkdtemp(join(tmpdir(), 'caisey-ssh-'));
  const options = await configure(folder);
  const serve = [sshd, '-D', '-e', '-f', options.sshdConfig];
  const passwd = await passwdWithSh(folder);
  const [program = sshd, ...args] =
    passwd === null
      ? serve
      : [
          'unshare',
          '-m',
          'sh',
          '-c',
          'mount --bind "$0" /etc/passwd && exec "$@"',
          passwd,
          ...serve,
        ];
  const server = spawn(program, args, { stdio: 'ignore' });
  const client = ['-F', options.sshConfig, 'bench'];
  try {
    await connectMaster({ ssh, client, server });
  } catch (cause) {
    server.kill('SIGKILL');
    await rm(folder, { recursive: true, force: true });
    throw cause;
  }
  return {
    shell: passwd === null ? (userInfo().shell ?? 'unknown') : '/bin/sh',
    exec: async (command) => {
      await run(ssh, [...client, command]);
    },
    async [Symbol.asyncDispose]() {
      await run(ssh, ['-F', options.sshConfig, '-O', 'exit', 'bench']).catch(() => undefined); // gone is gone
      const ended = new Promise((resolve) => server.once('exit', resolve));
      server.kill('SIGTERM');
      await ended;
      await rm(folder, { recursive: true, force: true });
    },
  };
}

async function configure(folder: string): Promise<{ sshdConfig: string; sshConfig: string }> {
  const port = await freePort();
  await mkdir('/run/sshd', { recursive: true, mode: 0o755 }).catch(() => undefined); // root's sshd wants it
  for (const name of ['host', 'user']) {
    await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(folder, name)]);
  }
  const authorised = join(folder, 'authorized_keys');
  await writeFile(authorised, await readFile(join(folder, 'user.pub')), { mode: 0o600 });
  await chmod(folder, 0o700);
  const sshdConfig = join(folder, 'sshd_config');
  await writeFile(
    sshdConfig,
    [
      `Port ${port}`,
      'ListenAddress 127.0.0.1',
      `HostKey ${join(folder, 'host')}`,
      `AuthorizedKeysFile ${authorised}`,
      `PidFile ${join(folder, 'sshd.pid')}`,
      'StrictModes no',
      'PasswordAuthentication no',
      'PermitRootLogin prohibit-password',
      'UsePAM no',
      'PrintMotd no',
      'PrintLastLog no',
    ].join('\n') + '\n',
  );
  const sshConfig = join(folder, 'ssh_config');
  await writeFile(
    sshConfig,
    [
      'Host bench',
      '  HostName 127.0.0.1',
      `  Port ${port}`,
      `  User ${userInfo().username}`,
      `  IdentityFile ${join(folder, 'user')}`,
      '  IdentitiesOnly yes',
      '  StrictHostKeyChecking no',
      '  UserKnownHostsFile /dev/null',
      '  LogLevel ERROR',
      '  ControlMaster auto',
      `  ControlPath ${join(folder, 'control')}`,
      '  ControlPersist 600',
    ].join('\n') + '\n',
  );
  return { sshdConfig, sshConfig };
}

/** An /etc/passwd in which root's shell is `sh`, for root where namespaces can be had; else null. */
async function passwdWithSh(folder: string): Promise<string | null> {
  if (userInfo().uid !== 0) return null;
  try {
    await run('unshare', ['-m', 'true']);
  } catch {
    return null; // no such program, or not allowed here
  }
  const path = join(folder, 'passwd');
  const text = await readFile('/etc/passwd', 'utf8');
  await writeFile(path, text.replace(/^(root:.*):[^:\n]*$/m, '$1:/bin/sh'), { mode: 0o644 });
  return path;
}

/** Makes the kept connection; the server may need a moment before it answers. */
async function connectMaster({
  ssh,
  client,
  server,
}: {
  ssh: string;
  client: readonly string[];
  server: ChildProcess;
}): Promise<void> {
  let last: unknown;
  for (let attempt = 0; attempt < 50; attempt++) {
    if (server.exitCode !== null) throw new Error(`Cannot open sshd: exit ${server.exitCode}`);
    try {
      await run(ssh, [...client, 'true']);
      return;
    } catch (cause) {
      last = cause;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
  throw new Error('Cannot open sshd: no connection', { cause: last });
}

async function firstOf(paths: readonly string[]): Promise<string | null> {
  for (const path of paths) {
    try {
      await access(path);
      return path;
    } catch {
      continue;
    }
  }
  return null;
}
