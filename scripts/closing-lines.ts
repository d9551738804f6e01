import { Transform } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';

const CLOSING = /^ℹ (tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) [\d.]+$/;

/**
 * Passes the output of node's test runner on. The runner puts what failed after its closing lines; these are
 * said once more after that, so that the output always ends with them.
 */
export function endWithClosingLines(): Transform {
  let rest = '';
  let closing: string[] = [];
  let somethingFollowed = false;
  const look = (line: string): void => {
    const plain = stripVTControlCharacters(line);
    if (!CLOSING.test(plain)) somethingFollowed ||= closing.length > 0 && plain.trim() !== '';
    else if (somethingFollowed || closing.length === 0) [closing, somethingFollowed] = [[plain], false];
    else closing.push(plain);
  };
  return new Transform({
    encoding: 'utf8',
    decodeStrings: false,
    transform: (chunk: string, _encoding, done) => {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      lines.forEach(look);
      done(null, chunk);
    },
    flush: (done) => {
      look(rest);
      done(null, somethingFollowed ? `\n${closing.join('\n')}\n` : '');
    },
  });
}
