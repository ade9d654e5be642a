'use strict';
// What a person does with the page of `orrery sim show`, in a real browser.
const assert = require('node:assert/strict');
const fs = require('node:fs');
const path = require('node:path');
const { after, before, test } = require('node:test');
const { chromium } = require('playwright-core');

const FLAGS = ['--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-background-networking',
  '--disable-component-update', '--disable-sync'];
let browser;
before(async () => { browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: FLAGS }); });
after(async () => { await browser.close(); });

// The page, and whatever went wrong in it or was asked of the network.
async function open(file, options = {}) {
  const page = await browser.newPage({ viewport: { width: 1400, height: 900 }, ...options });
  const wrong = [];
  page.on('pageerror', (error) => wrong.push(error.message));
  page.on('console', (message) => { if (message.type() === 'error') wrong.push(message.text()); });
  page.on('request', (request) => { if (!request.url().startsWith('file:')) wrong.push(request.url()); });
  await page.goto('file://' + path.resolve(file));
  await page.waitForFunction(() => document.getElementById('title').textContent.includes('events'));
  return { page, wrong };
}

const event = (page) => page.textContent('#event');
const cursor = (page) => page.textContent('#cursor');
// How many dots of the canvas are not background.
const inked = (page) => page.evaluate(async () => {
  // What was asked for is drawn in the next frame.
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const canvas = document.getElementById('lanes');
  const bytes = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data;
  let count = 0;
  for (let i = 4; i < bytes.length; i += 4) {
    if (bytes[i] !== bytes[0] || bytes[i + 1] !== bytes[1] || bytes[i + 2] !== bytes[2]) count++;
  }
  return count;
});
const press = async (page, ...keys) => {
  for (const key of keys) await page.keyboard.press(key);
};

test('tells the violated property in a sentence, and leads to its event', async () => {
  const { page, wrong } = await open('fails.html');
  assert.match(await page.textContent('#verdict'), /E expected: The get 3 of k1 returned op2, not op1\./);
  await page.click('#verdict button');
  assert.match(await page.textContent('#verdict button'), /get 3 at 15\.\d+ s/);
  assert.match(await event(page), /n2 at 15\.\d+ s, key k1/);
  assert.match(await event(page), /reply .* found \d+ op2/);
  assert.equal(await page.inputValue('#key'), '1');
  assert.deepEqual(wrong, []);
  await page.close();
});

test('shows what each node held at the cursor', async () => {
  const { page } = await open('fails.html');
  await page.click('#verdict button');
  const held = await page.$$eval('#held tr', (rows) => rows.map((row) => row.textContent));
  assert.equal(held.length, 3);
  assert.equal(held.filter((text) => text.endsWith('op2')).length >= 2, true, held.join());
  await press(page, 'Escape', 'Home');
  await page.selectOption('#key', '1');
  await page.click('#lanes', { position: { x: 120, y: 40 } });
  const early = await page.$$eval('#held tr', (rows) => rows.map((row) => row.textContent));
  assert.deepEqual(early, ['n0nothing', 'n1nothing', 'n2nothing'], await cursor(page));
  await page.close();
});

test('goes from event to event by keyboard, and along a message to its sender', async () => {
  const { page, wrong } = await open('fails.html');
  await page.selectOption('#key', '1');
  await page.focus('#lanes');
  await press(page, 'ArrowDown');
  const first = await event(page);
  assert.match(first, /client .* k1/);
  await press(page, 'ArrowDown');
  assert.notEqual(await event(page), first);
  await press(page, 'ArrowUp');
  assert.equal(await event(page), first);
  for (let i = 0; i < 12 && !(await page.$('#event button')); i++) await press(page, 'ArrowDown');
  const receipt = await event(page);
  const [, sender] = receipt.match(/sent by (n\d)/);
  await page.click('#event button');
  assert.match(await event(page), new RegExp('^' + sender + ' at'));
  assert.match(await event(page), /Known here, in events of each node: n0:\d+/);
  await press(page, 'Escape');
  assert.match(await event(page), /Click an event/);
  assert.deepEqual(wrong, []);
  await page.close();
});

test('filters, zooms and shows gossip', async () => {
  const { page } = await open('fails.html');
  const all = await inked(page);
  await press(page, 'g');
  assert.equal(await page.isChecked('#gossip'), true);
  assert.ok(await inked(page) > all, 'gossip adds lines');
  await press(page, 'g');
  await page.uncheck('#idle');
  assert.ok(await inked(page) < all, 'fewer events without those that have no key');
  const before = await inked(page);
  await press(page, '+', '+', '+');
  assert.notEqual(await inked(page), before);
  await press(page, 'Home');
  assert.equal(await inked(page), before);
  await press(page, '?');
  assert.equal(await page.isVisible('#keys'), true);
  await page.close();
});

test('opens a long run within two seconds and stays quick', async () => {
  const began = Date.now();
  const { page, wrong } = await open('long.html');
  const opened = Date.now() - began;
  const events = Number((await page.textContent('#title')).match(/([\d,]+) events/)[1].replaceAll(',', ''));
  assert.ok(events > 80_000, `${events} events`);
  console.log(`    ${events} events opened in ${opened} ms`);
  await press(page, '+', '+', '+', 'PageDown', 'PageDown', 'ArrowDown', 'ArrowDown');
  assert.match(await event(page), /n\d at/);
  assert.deepEqual(wrong, []);
  await page.close();
});

test('is drawn in the colours of the dark', async () => {
  const ground = (page) => page.evaluate(() => [...document.getElementById('lanes').getContext('2d').getImageData(2, 2, 1, 1).data]);
  const light = await open('fails.html', { colorScheme: 'light' });
  const dark = await open('fails.html', { colorScheme: 'dark' });
  assert.ok((await ground(light.page))[0] > 200);
  assert.ok((await ground(dark.page))[0] < 60);
  await dark.page.emulateMedia({ colorScheme: 'light' });
  await dark.page.waitForTimeout(100);
  assert.ok((await ground(dark.page))[0] > 200, 'changes without being opened again');
  await light.page.close();
  await dark.page.close();
});

test('has no fault that axe finds', async () => {
  for (const colorScheme of ['light', 'dark']) {
    const { page } = await open('fails.html', { colorScheme });
    await page.click('#verdict button');
    await page.addScriptTag({ content: fs.readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8') });
    const found = await page.evaluate(async () => (await axe.run()).violations.map((v) => `${v.id}: ${v.nodes[0].html}`));
    assert.deepEqual(found, [], colorScheme);
    await page.close();
  }
});
