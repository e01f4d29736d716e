// Unix programs that only read, and with which arguments. What is not listed changes something, as far
// as policy is concerned. Listed by option, because the same program often writes with another one:
// `sort -o`, `date -s`, `ss -K`, `find -delete`, `journalctl --rotate`, `sort --compress-program`.
//
// What a program reads is another question, and `touch.ts` asks it: `cat /etc/shadow` only reads.

import { type OptionForm, reads, readOptions } from './options.ts';
import { type Reads, type Word } from './word.ts';

const SYSTEM_FOLDERS = /^\/(?:usr\/)?s?bin\//;

/** Tells whether a Unix program, called so, only reads. The name may have a system folder before it. */
export function isPosixReadOnly(program: string, words: readonly Word[]): boolean {
  const name = program.replace(SYSTEM_FOLDERS, '');
  return PROGRAMS.get(name)?.(words) ?? false;
}

const always: Reads = () => true;
const bare: Reads = (words) => words.length === 0;

/** One of these words first, then what fits the form. */
function verb(verbs: string, form: OptionForm = {}): Reads {
  const known = new Set(verbs.split(' '));
  return reads({ ...form, operands: form.operands ?? 64 }, ({ operands }) =>
    known.has(operands[0] ?? ''),
  );
}

function either(...forms: readonly Reads[]): Reads {
  return (words) => forms.some((form) => form(words));
}

/** The words, joined by blanks, match. */
function shape(pattern: RegExp): Reads {
  return (words) =>
    words.every((word) => !word.glob && !/\s/.test(word.text)) &&
    pattern.test(words.map((word) => word.text).join(' '));
}

const HOST = /^[A-Za-z0-9][A-Za-z0-9.:_%-]*$/;
const NAME = /^[A-Za-z0-9_.@:+/-]+$/;
const NUMBER = /^[0-9]{1,6}$/;

const TEXT: readonly (readonly [names: string, reads: Reads])[] = [
  ['cat ls grep egrep fgrep tail stat df cut tr nl tac rev fold paste', always],
  ['echo true false : pwd basename dirname readlink realpath printenv which groups', always],
  ['od hexdump pidof lsblk', always],
  // --files0-from and --check open what a file or a pipe lists
  ['wc', reads({ flags: 'clmwL', long: 'bytes chars lines words max-line-length' })],
  [
    'md5sum sha1sum sha224sum sha256sum sha384sum sha512sum',
    reads({ flags: 'btz', long: 'binary text tag zero' }),
  ],
  ['cksum', reads({ flags: 'z', values: 'a', long: 'tag untagged zero', longValues: 'algorithm' })],
  [
    'du', // --files0-from shows what a file holds, in its complaints
    reads({
      flags: 'abchHklLmsSxDP0',
      values: 'dBt',
      long: 'all total human-readable summarize one-file-system apparent-size si',
      longValues: 'max-depth block-size threshold exclude',
    }),
  ],
  ['head', reads({ flags: '0123456789qvz', values: 'nc', longValues: 'lines bytes' })],
  ['cd', reads({ operands: 1 })],
  ['uniq', reads({ flags: 'cduiz', values: 'fsw', value: NUMBER, operands: 1 })],
  ['sort', reads({ flags: 'bdfghiMnRrVsucmz', values: 'kt', long: 'reverse unique' })],
  ['comm join', reads({ flags: '123', operands: 2 })],
  ['cmp', reads({ flags: 'bls', operands: 2 })],
  ['diff', reads({ flags: 'aBbciqrsuwy', values: 'U', value: NUMBER, operands: 2 })],
  // -r walks, and -S, -N and -l have meanings of their own
  ['zcat bzcat xzcat zstdcat', reads({ flags: 'fqv' })],
  // @x: its options are in that file, and what of it is none is shown in complaints
  [
    'strings',
    reads({ flags: 'afow0123456789', values: 'nte', value: /^\w{1,6}$/, operand: /^[^@]/ }),
  ],
  ['file', reads({ flags: 'bhikLN' })],
  ['find', (words) => isFindReading(words)],
  ['sed', (words) => isLineRange(words)],
  ['awk', (words) => isColumnPrint(words)],
];

/** What a shell does without a program. */
const SHELL: readonly (readonly [names: string, reads: Reads])[] = [
  ['exit', shape(/^[0-9]{0,3}$/)],
  ['sleep', shape(/^(?:[0-9]{1,4}(?:\.[0-9]{1,3})?s?|[0-9]{1,2}m)$/)],
  ['test', (words) => isPlainTest(words)],
  ['[', (words) => words.at(-1)?.text === ']' && isPlainTest(words.slice(0, -1))],
  ['type', reads({ flags: 'aftpP', operand: NAME })],
  // without -v it runs what it names
  ['command', shape(/^-[vV](?: [A-Za-z0-9_.:+/[][A-Za-z0-9_.@:+/-]*)+$/)],
];

const MACHINE: readonly (readonly [names: string, reads: Reads])[] = [
  ['uname nproc free uptime lscpu lsmod lsusb w who last locale', always],
  ['ps', (words) => isPsReading(words)],
  // -s loads a library by name; the database of shadow is a secret
  [
    'getent',
    shape(
      /^(?:ahosts|ahostsv4|ahostsv6|ethers|group|hosts|netgroup|networks|passwd|protocols|rpc|services)(?: [\w.:][\w.:-]*)*$/,
    ),
  ],
  ['getconf', shape(/^(?:-a|[A-Za-z0-9_]+(?: \/[\w./-]*)?)$/)], // -v runs another program
  ['findmnt', reads({ flags: 'AabcDehiklnPrRuvJ', values: 'oStT', long: 'all df json list raw' })],
  ['lspci', reads({ flags: 'vknmtDbx' })],
  ['id', reads({ flags: 'gGnrruzZ', operands: 1 })],
  ['whoami tty sestatus getenforce lastlog sensors', bare],
  ['hostname', reads({ flags: 'adfiIsyA', operands: 0 })],
  ['hostnamectl', shape(/^(?:status)?$/)],
  ['timedatectl', shape(/^(?:status|show|list-timezones|timesync-status)?$/)],
  ['localectl', shape(/^(?:status)?$/)],
  [
    'loginctl',
    verb('list-sessions list-users list-seats session-status user-status', { operand: NAME }),
  ],
  ['date', (words) => words.every((word) => isDateReading(word))],
  ['mount', shape(/^(?:-l)?$/)],
  ['pgrep', reads({ flags: 'acfilnovwx', values: 'GPugts' })],
  ['top', shape(/^(?:-bn ?1|-b -n ?1|-n ?1 -b)$/)],
  ['vmstat iostat mpstat', reads({ flags: 'aAdhkmpstwxyz', operands: 2, operand: NUMBER })],
  ['dmesg', reads({ flags: 'dehkPrtTuxL', values: 'fl', value: NAME, operands: 0 })],
  ['dmidecode', reads({ flags: 'qu', values: 'st', value: NAME, operands: 0 })],
  ['lsof', reads({ flags: 'abhlnPRUVv', values: 'icpu', value: NAME, operand: /^[^+]/ })],
  ['fdisk', reads({ flags: 'l', operand: /^\/dev\// }, ({ options }) => options.has('l'))],
  ['smartctl', reads({ flags: 'aAciHx', operands: 1, operand: /^\/dev\// })],
  ['sysctl', reads({ flags: 'an', operand: /^[A-Za-z0-9_-]+(?:[./][A-Za-z0-9_:-]+)*$/ })],
  ['crontab', reads({ flags: 'l', values: 'u', operands: 0 }, ({ options }) => options.has('l'))],
  ['lsattr getfacl', always],
  [
    'journalctl',
    reads({
      flags: 'abeklqrx',
      values: 'cgnoptuSU',
      long: 'no-pager all list-boots disk-usage reverse quiet utc catalog dmesg header',
      longValues: 'unit since until lines priority output grep identifier boot output-fields',
      operand: /^_[A-Z_]+=[\w.@:/-]+$/,
    }),
  ],
  [
    'systemctl',
    verb(
      'status is-active is-enabled is-failed is-system-running show cat list-units list-unit-files ' +
        'list-timers list-sockets list-dependencies list-jobs list-machines get-default',
      {
        flags: 'alq',
        values: 'nopt',
        long: 'no-pager all full failed plain no-legend quiet reverse recursive user value',
        longValues: 'type state property lines output',
        operand: NAME,
      },
    ),
  ],
  ['service', shape(/^(?:--status-all|[A-Za-z0-9_.@-]+ status)$/)],
];

const NETWORK: readonly (readonly [names: string, reads: Reads])[] = [
  ['ip', (words) => isIpReading(words)],
  ['ss', reads({ flags: 'aeHilmnoOprstuwxZ046', operand: /^[A-Za-z0-9_.:*=()<>!-]+$/ })],
  ['netstat', reads({ flags: 'aegilnNoprstuWwx46', operands: 0 })],
  ['arp', reads({ flags: 'aenv', operands: 1, operand: HOST })],
  ['route', reads({ flags: 'een46', operands: 0 })],
  ['ethtool', reads({ flags: 'aciknSgl', operands: 1, operand: NAME })],
  [
    'ping ping6',
    reads(
      { flags: '46nqDO', values: 'cWws', value: NUMBER, operands: 1, operand: HOST },
      (reading) => {
        const count = Number(reading.options.get('c') ?? 0);
        return count >= 1 && count <= 100 && Number(reading.options.get('s') ?? 56) <= 1472;
      },
    ),
  ],
  [
    'traceroute',
    reads({ flags: '46nIT', values: 'mqw', value: NUMBER, operands: 1, operand: HOST }),
  ],
  ['tracepath', reads({ flags: '46nb', values: 'm', value: NUMBER, operands: 1, operand: HOST })],
  ['dig', reads({ flags: '46', values: 'xtpc', value: NAME, operand: /^[@+]?[\w.:/=-]+$/ })],
  ['host', reads({ flags: 'aCrTv46', values: 'tW', value: NAME, operands: 2, operand: HOST })],
  [
    'nslookup',
    shape(/^(?:-(?:type|query|class)=\w+ )*[A-Za-z0-9][\w.:-]*(?: [A-Za-z0-9][\w.:-]*)?$/),
  ],
  ['resolvectl', verb('status query statistics', { flags: '46', operand: NAME })],
  // nft joins its words to one script: a ';' within quotes would begin another command.
  ['nft', verb('list', { flags: 'ajnNpsSty', operand: /^[A-Za-z0-9_.-]+$/ })],
  [
    'iptables ip6tables',
    reads(
      {
        flags: 'LSnvx',
        values: 't',
        long: 'line-numbers list list-rules numeric verbose',
        operands: 2,
      },
      ({ options }) => ['L', 'S', 'list', 'list-rules'].some((name) => options.has(name)),
    ),
  ],
  ['ufw', shape(/^status(?: verbose| numbered)?$/)],
  [
    'firewall-cmd',
    shape(/^(?:--state|--get-active-zones|--get-default-zone|(?:--zone=[\w-]+ )?--list-[a-z-]+)$/),
  ],
];

const PACKAGES: readonly (readonly [names: string, reads: Reads])[] = [
  ['dpkg', reads({ flags: 'lsLS' })],
  ['dpkg-query', reads({ flags: 'lsLSW' })],
  ['rpm', shape(/^-q[aicdfilR]*(?: [A-Za-z0-9_/][A-Za-z0-9_.+:/-]*)*$/)],
  ['apt', verb('list show policy', { long: 'installed upgradable all-versions', operand: NAME })],
  ['apt-cache', verb('policy show search madison depends rdepends stats', { operand: NAME })],
  ['snap', verb('list', { long: 'all', operand: NAME })],
  [
    'docker podman',
    either(
      verb('ps images logs version info port', {
        flags: 'aqt',
        values: 'n',
        long: 'all no-trunc timestamps',
        longValues: 'tail since until',
        operand: NAME,
      }),
      shape(/^top [A-Za-z0-9][\w.-]*$/), // a further word is an option of ps: `e` shows the environment
    ),
  ],
];

const PROGRAMS: ReadonlyMap<string, Reads> = new Map(
  [...TEXT, ...SHELL, ...MACHINE, ...NETWORK, ...PACKAGES].flatMap(([names, reading]) =>
    names.split(' ').map((name) => [name, reading] as const),
  ),
);

const FIND_TESTS = new Set(
  '-empty -print -print0 -ls -not -a -and -o -or -mount -xdev -follow -daystart -depth -nouser -nogroup -L -H -P'.split(
    ' ',
  ),
);
const FIND_VALUES = new Set(
  (
    '-name -iname -path -ipath -wholename -regex -iregex -type -size -mtime -mmin -atime -amin -ctime -cmin ' +
    '-newer -maxdepth -mindepth -user -group -uid -gid -perm -links -inum -printf'
  ).split(' '),
);

/** find only with tests and with actions that print to its own output. */
function isFindReading(words: readonly Word[]): boolean {
  for (let i = 0; i < words.length; i++) {
    const text = words[i]?.text ?? '';
    if (FIND_VALUES.has(text)) {
      if (words[++i]?.glob !== false) return false;
    } else if (text.startsWith('-') && !FIND_TESTS.has(text)) return false;
  }
  return true;
}

const ONE_TESTED = /^-[bcdefghkLnOprSstuwxzGN]$/;
const COMPARED = /^(?:=|==|-nt|-ot|-ef)$/;
const COUNTED = /^-(?:eq|ne|lt|le|gt|ge)$/;
const INTEGER = /^-?[0-9]{1,9}$/;

/**
 * One test, by its words: of a file, of a text, or of two. Not -v and -R, whose word bash reads as an expression, and
 * of numbers only numbers: ksh reads anything else as an expression, and `a[$(x)]` in one runs x.
 */
function isPlainTest(words: readonly Word[]): boolean {
  if (words.some((word) => word.glob)) return false;
  const [first = '', second = '', third = ''] = words.map((word) => word.text);
  switch (words.length) {
    case 1:
      return !first.startsWith('-');
    case 2:
      return ONE_TESTED.test(first) && (first !== '-t' || INTEGER.test(second));
    case 3:
      return (
        COMPARED.test(second) ||
        [INTEGER, COUNTED, INTEGER].every((form, i) => form.test([first, second, third][i] ?? ''))
      );
    default:
      return false;
  }
}

/** `sed -n 5,10p`: sed's other commands write files and run programs. */
function isLineRange(words: readonly Word[]): boolean {
  const [option, script, ...files] = words;
  return (
    option?.text === '-n' &&
    /^(?:[0-9]+|\$)(?:,(?:[0-9]+|\$))?p$/.test(script?.text ?? '') &&
    files.every((file) => !file.text.startsWith('-'))
  );
}

/** `awk '{print $1, $3}'`: awk is a language that can run programs; this much of it cannot. */
function isColumnPrint(words: readonly Word[]): boolean {
  const rest = /^-F.?$/.test(words[0]?.text ?? '')
    ? words.slice(words[0]?.text === '-F' ? 2 : 1)
    : words;
  const [script, ...files] = rest;
  return (
    /^\{ ?print \$[0-9]+(?:, ?\$[0-9]+)* ?\}$/.test(script?.text ?? '') &&
    files.every((file) => /^[/.A-Za-z0-9_]/.test(file.text) && !file.text.includes('='))
  );
}

const PS_FLAGS = /^-[AacdeFfHjLlMNTwyZ]+$/;
const PS_VALUES = /^(?:-[AacdeFfHjLlMNTwyZ]*[oOpuUtGgsCqk]|--(?:sort|pid|ppid|user|format))$/;
const PS_OTHERS =
  /^(?:-auxw*|--forest|--no-headers|--headers|--sort=[\w,%+-]+|[acfghjlmnrsuvwxTX]+|[0-9,]+)$/;

/** ps, but for what shows the environment of processes: `ps e`, `ps auxe`. */
function isPsReading(words: readonly Word[]): boolean {
  for (let i = 0; i < words.length; i++) {
    const text = words[i]?.text ?? '';
    if (PS_VALUES.test(text)) {
      if (!/^(?!.*env)[\w,.%=:@+-]+$/i.test(words[++i]?.text ?? '')) return false;
    } else if (!PS_FLAGS.test(text) && !PS_OTHERS.test(text)) return false;
  }
  return true;
}

function isDateReading(word: Word): boolean {
  return /^(?:\+.*|-u|-R|--utc|--universal|-I(?:date|hours|minutes|seconds|ns)?|--date=.*)$/.test(
    word.text,
  );
}

const IP_OBJECTS = new Set(
  'a addr address l link r route n neigh neighbour neighbor ru rule'.split(' '),
);
const IP_FLAGS = /^-(?:4|6|s|d|j|p|o|br|c|brief|details|statistics|json|oneline|color=never)$/;

/** ip without a verb lists; the only other verbs here are those that ask. */
function isIpReading(words: readonly Word[]): boolean {
  if (
    readOptions({ operands: 32, operand: /^[A-Za-z0-9_.:/@-]+$/ }, words.filter(isNoIpFlag)) ===
    null
  )
    return false;
  const [object = '', verbWord, ...rest] = words.filter(isNoIpFlag).map((word) => word.text);
  if (!IP_OBJECTS.has(object)) return false;
  if (verbWord === undefined) return true;
  if (verbWord === 'get')
    return object.startsWith('r') && !object.startsWith('ru') && rest.length > 0;
  // No abbreviations: `ip link s` means set.
  return ['show', 'list', 'ls', 'lst'].includes(verbWord);
}

function isNoIpFlag(word: Word): boolean {
  return !IP_FLAGS.test(word.text);
}
