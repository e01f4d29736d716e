import { suite } from 'uvu';
import * as assert from 'uvu/assert';

import { ClientError } from '#appliance/protocol/client.ts';
import { askAgain } from './ask-again.ts';

const again = suite('askAgain()');

again('asks until the link held', async () => {
  const answers = ['stream-lost', 'stream-lost', 'answer'];
  const ask = (): Promise<string> => {
    const answer = answers.shift() ?? 'nothing is left';
    return answer === 'answer'
      ? Promise.resolve(answer)
      : Promise.reject(new ClientError('stream-lost', 'gone'));
  };
  assert.is(await askAgain(ask), 'answer');
  assert.equal(answers, []);
});

again('passes every other failure on, at once', async () => {
  for (const failure of [new ClientError('not-allowed', 'no'), new TypeError('wrong')]) {
    let asked = 0;
    const ask = (): Promise<never> => {
      asked += 1;
      return Promise.reject(failure);
    };
    assert.is(await askAgain(ask).catch((cause: unknown) => cause), failure);
    assert.is(asked, 1);
  }
});

again.run();
