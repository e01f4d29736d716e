import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { MAX_PARSED_CHARS, parseLine } from './parse.ts';
import { loadPowerShellGrammar, type PowerShellGrammar } from './powershell-grammar.ts';

const grammar = await loadPowerShellGrammar();

/** The grammar, and every text that it had to parse. */
function counted(): { texts: string[]; grammar: PowerShellGrammar } {
  const texts: string[] = [];
  return {
    texts,
    grammar: {
      parse(text, use) {
        texts.push(text);
        return grammar.parse(text, use);
      },
    },
  };
}

const parsing = suite('parseLine()');
parsing('hands no parser a text that nests brackets without end', () => {
  for (const piece of ['${', '{$', '[${', '$(', '@(', '[', '`', '"$(', 'if(', '$a[']) {
    const text = piece.repeat((MAX_PARSED_CHARS - 1) / piece.length);
    for (const shell of ['powershell', 'bash'] as const) {
      const { texts, grammar: counting } = counted();
      const line = parseLine(shell, text, counting);
      assert.equal(texts, [], piece);
      assert.equal(line.commands, [], piece);
      assert.is(line.problem, 'nests brackets too often to be read', piece);
    }
  }
});

parsing('reads brackets as people write them', () => {
  const script = 'if (Get-Item x) { Get-Process }\n'.repeat(30);
  assert.is(parseLine('powershell', script, grammar).commands.length, 60);
  assert.is(parseLine('bash', 'echo $(uptime)\n'.repeat(60), grammar).commands.length, 120);
});

parsing('searches no long text that is not clean', () => {
  const { texts, grammar: counting } = counted();
  const line = parseLine('powershell', `$x ${'a '.repeat(3000)}`, counting);
  assert.not(line.clean);
  assert.equal(texts, []);
});

parsing('parses a text twice at most', () => {
  for (const text of ['Get-Process -Name x', '$x = 1', 'Get-Process | % { kill $_ }']) {
    const { texts, grammar: counting } = counted();
    parseLine('powershell', text, counting);
    assert.ok(texts.length <= 2, text);
  }
});

parsing('reads wrappers within wrappers a bounded number of times', () => {
  const { texts, grammar: counting } = counted();
  const line = parseLine('powershell', 'iex {'.repeat(40) + '}'.repeat(40), counting);
  assert.not(line.clean);
  assert.ok(texts.length <= 256, String(texts.length));
  const evals = parseLine('bash', 'eval $('.repeat(40) + ')'.repeat(40), counting);
  assert.not(evals.clean);
});
parsing.run();
