#!/usr/bin/env node
// Runs the binary of the package for this platform, and ends as it ends.
'use strict';

const { spawn } = require('node:child_process');

const name = `okta-conformance-${process.platform}-${process.arch}`;
let binary;
try {
  binary = require.resolve(`${name}/bin/okta-conformance${process.platform === 'win32' ? '.exe' : ''}`);
} catch {
  console.error(`error: okta-conformance has no binary for ${process.platform} on ${process.arch}: the package ${name} is not installed`);
  process.exit(3);
}

const child = spawn(binary, process.argv.slice(2), { stdio: 'inherit' });
// A signal is for the binary, which cleans up and ends by itself. Ctrl-C on a terminal reaches it anyway.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) {
  process.on(signal, () => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  });
}
child.on('error', (error) => {
  console.error(`error: cannot start ${binary}: ${error.message}`);
  process.exit(3);
});
child.on('exit', (code, signal) => process.exit(signal ? 128 + require('node:os').constants.signals[signal] : code));
