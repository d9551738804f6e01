import { TOTP } from 'otpauth';

/** Prints the present 6-digit code of a TOTP secret, for scripts: `npm run -s totp -- SECRET`. */
const [secret] = process.argv.slice(2);
if (secret === undefined) {
  process.stderr.write('usage: npm run -s totp -- SECRET\n');
  process.exitCode = 2;
} else {
  process.stdout.write(`${new TOTP({ secret }).generate()}\n`);
}
