// Reads reports with tap-parser, har-validator, ctrf and markdown-it, and holds what they say to the summary of the same stream.
//
//   others.mjs DIR
//
// DIR has, for each NAME, NAME.json, NAME.tap, NAME.har, NAME.ctrf and NAME.markdown.
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { validate } from 'ctrf';
import validator from 'har-validator';
import MarkdownIt from 'markdown-it';
import { Parser } from 'tap-parser';

const dir = process.argv[2];
const text = (name, format) => readFileSync(join(dir, `${name}.${format}`), 'utf8');

const tap = (name) => new Promise((done) => {
  const parser = new Parser({ strict: true });
  parser.on('complete', done);
  parser.end(text(name, 'tap'));
});

// What a renderer finds beside code: our own words alone, without a link, a picture, a mention or markup that is not ours.
const markdown = new MarkdownIt({ html: true, linkify: true });
const ours = /^(<details><summary><b>[a-z-]+<\/b> <code>[^<>]*<\/code><\/summary>|<\/details>)$/;
const outsideCode = (tokens) => tokens.flatMap((token) => {
  assert.ok(!/^(link|image|html_inline|fence_open|blockquote|hr)/.test(token.type), `${token.type}: ${token.content}`);
  if (token.type === 'html_block') assert.match(token.content.trim(), ours);
  const text = token.type === 'text' ? [token.content] : [];
  return [...text, ...outsideCode(token.children ?? [])];
});

const names = readdirSync(dir).filter((file) => file.endsWith('.json')).map((file) => file.slice(0, -'.json'.length));
assert.ok(names.length > 0, 'there are no reports');
for (const name of names) {
  const { trials, verdict, requests } = JSON.parse(text(name, 'json'));
  const sum = (...outcomes) => outcomes.reduce((all, outcome) => all + trials[outcome], 0);
  const all = Object.values(trials).reduce((some, more) => some + more, 0);
  const red = sum('failed', 'unexpected_pass', 'changed_failure', 'expired', 'blocked', 'errored');

  const read = await tap(name);
  assert.deepEqual(read.failures.filter((failure) => failure.tapError), [], `${name}.tap is not TAP`);
  assert.equal(read.ok, verdict === 'conformant', `${name}.tap: the verdict`);
  const counts = { count: read.count, red: read.fail - read.todo, todo: read.todo, skip: read.skip };
  const wanted = { count: all, red, todo: sum('known_failure'), skip: sum('not_applicable', 'not_run') };
  // A run without trials is one point that is not ok.
  assert.deepEqual(counts, all === 0 ? { count: 1, red: 1, todo: 0, skip: 0 } : wanted, `${name}.tap`);

  const har = JSON.parse(text(name, 'har'));
  await validator.har(har).catch((error) => assert.fail(`${name}.har: ${JSON.stringify(error.errors)}`));
  assert.ok(har.log.entries.length <= requests, `${name}.har has more exchanges than the run had requests`);
  assert.equal(har.log.entries.length > 0, requests > 0, `${name}.har`);

  const ctrf = JSON.parse(text(name, 'ctrf'));
  const checked = validate(ctrf);
  assert.ok(checked.valid, `${name}.ctrf: ${JSON.stringify(checked.errors)}`);
  const { tests, passed, failed, skipped, other } = ctrf.results.summary;
  assert.equal(tests, passed + failed + skipped + other, `${name}.ctrf: the counts`);
  assert.equal(failed + other === 0, verdict === 'conformant', `${name}.ctrf: the verdict`);
  assert.ok(skipped === sum('not_applicable', 'not_run'), `${name}.ctrf: ${skipped} skipped`);

  const page = text(name, 'markdown');
  assert.ok(Buffer.byteLength(page) <= 65536, `${name}.markdown is too large for a comment`);
  for (const word of outsideCode(markdown.parse(page, {}))) {
    assert.doesNotMatch(word, /[@#<>]|:\/\/|www\.|forged|evil/, `${name}.markdown`);
  }
}
console.log(`${names.length} reports: tap-parser reads the verdict and the counts of the console, har-validator finds HAR 1.2, ctrf finds CTRF,\n` +
  'markdown-it finds nothing foreign beside code');
