/** The report as a browser shows it: light and dark, wide and narrow, without a network. */
import { existsSync, readFileSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { measureTime } from '#lab/instrument/measure-time';
import { writeOutputs } from '#lab/instrument/outputs';
import { findMask } from '#lab/measure/masks/catalogue';
import { ptp4lLog, testFolder } from './files.js';

/** TIMEPLANE_CHROMIUM, or one on the path; null: there is none. */
function browserProgram(): string | null {
  const named = process.env['TIMEPLANE_CHROMIUM'];
  if (named !== undefined) return named;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const all = ['chromium', 'chromium-browser', 'google-chrome'].flatMap((name) =>
    folders.map((folder) => join(folder, name)),
  );
  return all.find((file) => existsSync(file)) ?? null;
}

const program = browserProgram();
const SILENT = { update: () => {}, done: () => {}, clear: () => {} };
const { path, write } = testFolder();

describe.skipIf(program === null)('the report in a browser (chromium)', () => {
  let browser: Browser;
  let html = '';

  beforeAll(async () => {
    browser = await chromium.launch({
      ...(program === null ? {} : { executablePath: program }),
      args: ['--no-sandbox', '--disable-gpu'],
    });
    const masks = ['g8273.2-a', 'g8272-b'].flatMap((id) => findMask(id) ?? []);
    const lines = ptp4lLog(8_000).split('\n');
    lines[49] = 'ptp4l[103.062]: master offset abc s2 freq -1200 path delay 456';
    const options = {
      ...{ file: write('servo.log', lines.join('\n')), log: {}, grid: {}, masks },
      ...{ confidence: 0.95, metrics: ['oadev', 'tdev', 'mtie'] as const },
      ...{ versions: { timeplane: '0.0.0', node: '20' }, command: 'timeplane measure time' },
    };
    const { found } = await measureTime(options, SILENT);
    if (found === null) throw new Error('nothing measured');
    html = path('report.html');
    expect(await writeOutputs({ html }, found.outputs)).toBeNull();
  }, 60_000);

  afterAll(async () => {
    await browser.close();
  });

  async function opened(
    scheme: 'light' | 'dark',
    width: number,
  ): Promise<{ page: Page; asked: string[]; complaints: string[] }> {
    const page = await browser.newPage({
      colorScheme: scheme,
      viewport: { width, height: 900 },
    });
    const asked: string[] = [];
    const complaints: string[] = [];
    page.on('request', (request) => asked.push(request.url()));
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(error.message));
    await page.goto(`file://${html}`);
    return { page, asked, complaints };
  }

  /** Brightness of the page, of its text and of its first picture's ground, 0 to 255. */
  async function brightness(page: Page): Promise<Record<'ground' | 'text' | 'picture', number>> {
    const colours = await page.evaluate<string[]>(`[
      getComputedStyle(document.body).backgroundColor,
      getComputedStyle(document.body).color,
      getComputedStyle(document.querySelector('svg .ground')).fill,
    ]`);
    const [ground = 0, text = 0, picture = 0] = colours.map((colour) => {
      const [red = 0, green = 0, blue = 0] = (colour.match(/\d+/g) ?? []).map(Number);
      return (red + green + blue) / 3;
    });
    return { ground, text, picture };
  }

  it('asks nobody for anything, and nothing in it is refused', async () => {
    const { page, asked, complaints } = await opened('light', 1_000);
    expect(asked).toEqual([`file://${html}`]);
    expect(complaints).toEqual([]);
    await page.close();
  });

  it('is light or dark, pictures and all, as its reader is', async () => {
    const light = await opened('light', 1_000);
    const dark = await opened('dark', 1_000);
    const [day, night] = [await brightness(light.page), await brightness(dark.page)];
    expect(day.ground).toBeGreaterThan(230);
    expect(day.picture).toBeGreaterThan(230);
    expect(day.text).toBeLessThan(80);
    expect(night.ground).toBeLessThan(60);
    expect(night.picture).toBeLessThan(60);
    expect(night.text).toBeGreaterThan(180);
    await light.page.close();
    await dark.page.close();
  });

  it('shows problems, verdicts, tables, pictures and what it takes to do it again', async () => {
    const { page } = await opened('light', 1_000);
    expect(await page.locator('.warning').first().textContent()).toContain(
      ":50: offset: 'abc' is no number",
    );
    expect(await page.locator('table').count()).toBeGreaterThan(4);
    const text = (await page.locator('body').textContent()) ?? '';
    for (const part of ['max|TE|', 'MTIE', 'G.8273.2', 'Configuration', 'seeds', 'timeplane']) {
      expect(text, part).toContain(part);
    }
    const pictures = page.locator('svg');
    expect(await pictures.count()).toBeGreaterThan(3);
    for (const picture of await pictures.all()) {
      const box = await picture.boundingBox();
      expect(box?.width ?? 0).toBeGreaterThan(300);
      expect(box?.height ?? 0).toBeGreaterThan(100);
    }
    await page.close();
  });

  it('is no wider than a telephone', async () => {
    const { page } = await opened('dark', 390);
    const width = await page.evaluate('document.documentElement.scrollWidth');
    expect(width).toBeLessThanOrEqual(390);
    await page.close();
  });

  it('is the same file at every run', () => {
    expect(readFileSync(html, 'utf8')).not.toMatch(/20\d\d-\d\d-\d\dT/);
  });
});
