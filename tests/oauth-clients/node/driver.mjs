// Chromium by way of its driver (WebDriver, over plain HTTP). Owns both processes.

import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The driver with the port that it listens on; none where it is not installed. */
async function start() {
  const child = spawn('chromedriver', ['--port=0'], { stdio: ['ignore', 'pipe', 'ignore'] });
  const missing = new Promise(done => child.on('error', () => done(null)));
  const port = (async () => {
    for await (const line of createInterface({ input: child.stdout })) {
      const found = /successfully on port (\d+)/.exec(line);
      if (found) return found[1];
    }
    return null;
  })();
  const found = await Promise.race([missing, port]);
  return found && { child, address: `http://127.0.0.1:${found}` };
}

async function ask(address, method, path, body) {
  const answer = await fetch(address + path, { method, body: body && JSON.stringify(body) });
  const { value } = await answer.json();
  if (!answer.ok) throw new Error(`${path}: ${value.message}`);
  return value;
}

/** Runs a test in a new browser in which `hosts` lead to `port`; returns false where there is none. */
export async function inBrowser(hosts, port, act) {
  const driver = await start();
  if (!driver) return false;
  const profile = mkdtempSync(join(tmpdir(), 'oauth-clients-'));
  // A container has neither the rights for a sandbox nor a graphics card, and only pages of ours are opened. The authority of the mock is
  // not the browser's matter: it has no other way to be told of one than its owner's store.
  const args = ['--headless=new', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--ignore-certificate-errors',
    `--user-data-dir=${profile}`, `--host-resolver-rules=${hosts.map(host => `MAP ${host}:80 127.0.0.1:${port}`).join(',')}`];
  try {
    const capabilities = { alwaysMatch: { 'goog:chromeOptions': { args }, 'goog:loggingPrefs': { browser: 'ALL' } } };
    const { sessionId } = await ask(driver.address, 'POST', '/session', { capabilities });
    const session = (method, path, body) => ask(driver.address, method, `/session/${sessionId}${path}`, body);
    try {
      await act({
        open: url => session('POST', '/url', { url }),
        /** What the body of an async function returns in the page. */
        run: (script, ...args) => session('POST', '/execute/sync', { script: `return (async () => { ${script} }).apply(null, arguments)`, args }),
        console: () => session('POST', '/se/log', { type: 'browser' }),
      });
    } finally {
      await session('DELETE', '');
    }
    return true;
  } finally {
    driver.child.kill();
    // A process of the browser that lives on for a while holds the other end.
    driver.child.stdout.destroy();
    rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}
