// One browser page with a workbench in it, driven as a person would: palette, explorer,
// menus, editors, webviews. Waits follow what is on screen, never the clock.

import fs from 'node:fs';
import path from 'node:path';
import type { FrameLocator, Locator, Page } from 'playwright-core';

/** Theme ids as settings know them, labels as the picker shows them, and the class the workbench then has. */
export const THEMES = {
  light: { id: 'Light 2026', label: 'Light 2026', shown: /(^| )vs( |$)/ },
  dark: { id: 'Dark 2026', label: 'Dark 2026', shown: /(^| )vs-dark( |$)/ },
  'hc-dark': { id: 'Default High Contrast', label: 'Dark High Contrast', shown: /(^| )hc-black( |$)/ },
  'hc-light': { id: 'Default High Contrast Light', label: 'Light High Contrast', shown: /(^| )hc-light( |$)/ },
} as const;
export type Theme = keyof typeof THEMES;

export interface Host {
  resultsDir: string;
  /** VS Code itself has just written this user setting. */
  themeChanged(theme: Theme): void;
}

/** A mouse-up right after the mouse-down is swallowed by menus and dialogs. */
const PRESS = { delay: 250 };

/**
 * How long a state of the screen is waited for, in ms: far longer than any takes on a machine that does other things
 * too. What hangs for good is the watchdog's (`scripts/watchdog.mjs`).
 */
export const PATIENCE = 300_000;

/**
 * Repeats what the workbench may have missed, a key or a click while it was drawing, with twice the patience (ms) each
 * time: on a slow machine the effect of the first is not late, but slow.
 */
export async function insist<T>(action: (patience: number, attempt: number) => Promise<T>): Promise<T> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await action(2500 * 2 ** attempt, attempt);
    } catch (error) {
      if (attempt >= 6) throw error;
    }
  }
}

const escape = (text: string) => text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');

export class WorkbenchPage {
  /** What the browser's console said, newest last. */
  readonly console: string[] = [];
  /** Content-security-policy violations, which the console reports and nothing else. */
  readonly cspViolations: string[] = [];
  /** Uncaught errors of the page and its frames. */
  readonly errors: string[] = [];

  readonly quickInput: Locator;

  constructor(
    readonly page: Page,
    private readonly host: Host,
  ) {
    page.setDefaultTimeout(PATIENCE);
    this.quickInput = page.locator('.quick-input-widget:visible');
    page.on('console', (message) => {
      const line = `${message.type()}: ${message.text()} (${message.location().url})`;
      this.console.push(line);
      if (/content security policy/i.test(line) && message.type() === 'error') this.cspViolations.push(line);
    });
    page.on('pageerror', (error) => this.errors.push(error.stack ?? error.message));
  }

  async goto(url: string): Promise<void> {
    await this.page.goto(url, { waitUntil: 'domcontentloaded' });
    await this.ready();
  }

  /** *Developer: Reload Window*: VS Code writes down first what it remembers. */
  async reloadWindow(): Promise<void> {
    const loaded = this.page.waitForEvent('domcontentloaded');
    loaded.catch(() => undefined);
    await this.runCommand('Developer: Reload Window');
    await loaded;
    await this.ready();
  }

  /** As F5 in a browser: at once, whatever VS Code has not written down yet. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.ready();
  }

  private async ready(): Promise<void> {
    await this.page.locator('.monaco-workbench .part.statusbar').waitFor();
    await this.page.locator('.monaco-workbench .part.editor').waitFor();
  }

  // --- commands and quick input ---------------------------------------------------

  /** Runs a command from the palette by the title it shows there, category included. */
  async runCommand(title: string): Promise<void> {
    const exact = new RegExp(`^\\s*${escape(title)}\\s*$`);
    const label = this.quickInput
      .locator(
        '.monaco-list-row .quick-input-list-label .monaco-icon-label:not(.quick-input-list-rows-detail) .label-name',
      )
      .filter({ hasText: exact });
    await insist(async (timeout, attempt) => {
      await this.closeQuickInput();
      // F1 is lost while a fresh webview takes the focus.
      if (attempt > 0)
        await this.page
          .locator('.part.titlebar, .part.statusbar')
          .first()
          .click({ position: { x: 2, y: 2 }, timeout })
          .catch(() => undefined);
      await this.searchPalette(`>${title}`, timeout);
      // Also the wait for the extension's contributions to arrive.
      await label.first().click({ timeout });
    });
  }

  private async searchPalette(text: string, timeout: number): Promise<void> {
    await this.page.keyboard.press('F1');
    await this.quickInput.waitFor({ timeout });
    await this.quickInput.locator('input[type=text]').fill(text, { timeout });
  }

  /** Titles the palette offers for a search text, in its order. */
  async paletteTitles(search: string): Promise<string[]> {
    return insist(async (timeout) => {
      await this.closeQuickInput();
      await this.searchPalette(`>${search}`, timeout);
      await this.page.waitForTimeout(500); // the list is filtered a moment later and says nothing about it
      // Only what is in sight is in the page.
      const titles = new Set(await this.quickPickItems());
      for (let known = 0; known < titles.size;) {
        known = titles.size;
        await this.page.keyboard.press('PageDown'); // to the last in sight
        await this.page.keyboard.press('PageDown');
        await this.page.waitForTimeout(100);
        for (const title of await this.quickPickItems()) titles.add(title);
      }
      await this.closeQuickInput();
      return [...titles];
    });
  }

  async closeQuickInput(): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    while ((await this.quickInput.count()) > 0 && Date.now() < deadline) {
      await this.page.keyboard.press('Escape');
      await this.quickInput.waitFor({ state: 'hidden', timeout: 500 }).catch(() => undefined);
    }
  }

  /** Labels of the quick pick's visible rows; waits for the first. */
  async quickPickItems(): Promise<string[]> {
    const rows = this.quickInput.locator('.monaco-list-row');
    await rows.first().waitFor();
    // The second row of an entry is its detail.
    return (await rows.locator('.quick-input-list-row:first-child .label-name').allInnerTexts()).map((text) =>
      text.replace(/\s+/g, ' ').trim(),
    );
  }

  /**
   * Chooses the row whose text contains `item`; several items tick boxes and accept. Waits until the pick is answered.
   */
  async quickPick(item: string | RegExp | readonly (string | RegExp)[]): Promise<void> {
    const rows = this.quickInput.locator('.monaco-list-row');
    // A row that is used again keeps its former detail, hidden: only what can be seen counts.
    const showing = (text: string | RegExp) =>
      rows.filter({ has: this.page.locator('.monaco-icon-label:visible').filter({ hasText: text }) }).first();
    const wanted = typeof item === 'string' || item instanceof RegExp ? [item] : item;
    const row = showing(wanted[0] ?? /./);
    await row.waitFor();
    const title = (await this.quickInput.locator('.quick-input-title').textContent()) ?? '';
    if (wanted === item) {
      for (const one of wanted) {
        const each = showing(one);
        if ((await each.getAttribute('aria-checked')) !== 'true') await each.locator('.label-name').first().click();
      }
      await this.quickInput.getByRole('button', { name: 'OK', exact: true }).click();
    } else {
      await row.click();
    }
    // Otherwise what comes next would be typed into this one. That may list the same, under another title.
    const asked = this.quickInput.filter({
      has: this.page.locator('.quick-input-title').filter({ hasText: new RegExp(`^${escape(title)}$`) }),
    });
    await row.and(asked.locator('.monaco-list-row')).waitFor({ state: 'hidden' });
  }

  /** Types into the input box that is open, and accepts. */
  async typeInput(text: string): Promise<void> {
    const input = this.page.locator(
      '.quick-input-widget:visible:not(:has(.monaco-list-row:visible)) input[type=text]:visible',
    );
    await input.waitFor();
    await input.fill(text);
    await input.press('Enter');
    await input.waitFor({ state: 'hidden' });
  }

  /** Answers VS Code's own open or save dialog with an absolute path. @param asksOn another question takes its place */
  async fileDialog(absolute: string, { asksOn = false } = {}): Promise<void> {
    const input = this.quickInput.locator('input[type=text]');
    await input.waitFor();
    // The dialog fills in a folder first, which would overwrite what is typed too early.
    await this.page.waitForFunction(
      (box) => (box as unknown as HTMLInputElement).value.includes('/'),
      await input.elementHandle(),
    );
    for (let attempt = 0; ; attempt++) {
      await input.fill(absolute);
      await this.page.waitForTimeout(300);
      if ((await input.inputValue()) === absolute) break;
      if (attempt >= 100) throw new Error(`The file dialog does not take ${absolute}.`);
    }
    await input.press('Enter');
    if (!asksOn) await this.quickInput.waitFor({ state: 'hidden' });
  }

  // --- explorer -------------------------------------------------------------------

  private explorerRows(): Locator {
    return this.page.locator('.explorer-folders-view .monaco-list-row');
  }

  /** The row of a path relative to the workspace, its folders expanded on the way. */
  async explorerRow(relative: string): Promise<Locator> {
    const segments = relative.split('/').filter((segment) => segment !== '');
    if (segments.length === 0) throw new Error('explorerRow needs a path below the workspace.');
    if ((await this.page.locator('.explorer-folders-view:visible').count()) === 0)
      await this.runCommand('View: Show Explorer');
    await this.explorerRows().first().waitFor();
    const deadline = Date.now() + PATIENCE;
    // From the top each time: a file that comes or goes moves the rows below it, also while one is clicked.
    for (;;) {
      const { index, found, collapsed } = await this.findRow(segments);
      const row = this.explorerRows().and(this.page.locator(`[data-index="${index}"]`));
      if (found === segments.length) return row;
      if (collapsed) await this.expandRow(index);
      if (Date.now() > deadline) throw new Error(`The explorer shows no "${segments[found]!}" of ${relative}.`);
      await this.page.waitForTimeout(100);
    }
  }

  private async expandRow(index: number): Promise<void> {
    const row = this.explorerRows().and(this.page.locator(`[data-index="${index}"]`));
    await row
      .locator('.monaco-tl-twistie')
      .click({ timeout: 5000 })
      .catch(() => undefined);
    // A second click before the first has its effect would close it again.
    await row
      .and(this.page.locator('[aria-expanded="true"]'))
      .waitFor({ timeout: 20_000 })
      .catch(() => undefined);
  }

  /** How many segments of the path have a row, the data-index of the last of them, and whether that is closed. */
  private async findRow(segments: readonly string[]): Promise<{ index: number; found: number; collapsed: boolean }> {
    return this.explorerRows().evaluateAll((rows, names) => {
      const sorted = rows
        .map((row) => ({
          index: Number(row.getAttribute('data-index')),
          level: Number(row.getAttribute('aria-level')),
          name: row.querySelector('.label-name')?.textContent ?? '',
          collapsed: row.getAttribute('aria-expanded') === 'false',
        }))
        .sort((a, b) => a.index - b.index);
      const state = { index: -1, found: 0, collapsed: false };
      for (const row of sorted) {
        if (state.found === names.length || row.level <= state.found) {
          if (state.found > 0) break; // past what is below the last one
          continue;
        }
        if (row.level !== state.found + 1 || row.name !== names[state.found]) continue;
        Object.assign(state, { index: row.index, found: state.found + 1, collapsed: row.collapsed });
      }
      return state;
    }, segments);
  }

  /**
   * Right-clicks a path (or several, selected together) and chooses an item of the
   * context menu, once it is offered; an array of titles goes through submenus.
   */
  async explorerContextMenu(relative: string | readonly string[], item: string | readonly string[]): Promise<void> {
    const titles = typeof item === 'string' ? [item] : item;
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const menu = await this.openContextMenu(relative);
      if (await this.chooseIn(menu, titles)) return;
      if (Date.now() > deadline)
        throw new Error(`The context menu of ${String(relative)} has no ${titles.join(' → ')}.`);
      // An open menu does not take up what an extension adds once it is there.
      await this.closeMenus();
      await this.page.waitForTimeout(250);
    }
  }

  /** Goes through the submenus of an open menu; false where one of the titles is not offered. */
  private async chooseIn(menu: Locator, titles: readonly string[]): Promise<boolean> {
    for (const [depth, title] of titles.entries()) {
      const entry = menu.getByRole('menuitem', { name: new RegExp(`^${escape(title)}(\\s|,|$)`) }).last();
      const offered = await entry.waitFor({ timeout: depth === 0 ? 500 : 10_000 }).then(
        () => true,
        () => false,
      );
      if (!offered) return false;
      await entry.click(PRESS);
    }
    await menu.first().waitFor({ state: 'hidden' });
    return true;
  }

  private async closeMenus(): Promise<void> {
    const menu = this.page.locator('.monaco-menu:visible').first();
    const deadline = Date.now() + PATIENCE;
    while ((await menu.isVisible()) && Date.now() < deadline) {
      await this.page.keyboard.press('Escape');
      await menu.waitFor({ state: 'hidden', timeout: 500 }).catch(() => undefined);
    }
  }

  /**
   * Titles of the context menu on a path, or on several selected together; with those of a submenu, where it is there.
   */
  async explorerMenuTitles(relative: string | readonly string[], submenu?: string): Promise<string[]> {
    const menu = await this.openContextMenu(relative);
    const entry = menu.getByRole('menuitem', { name: submenu ?? '', exact: true });
    if (submenu !== undefined && (await entry.isVisible())) {
      const before = await menu.getByRole('menuitem').count();
      await entry.click(PRESS);
      await menu.getByRole('menuitem').nth(before).waitFor();
    }
    const titles = await menu.getByRole('menuitem').locator('.action-label').allInnerTexts();
    await this.closeMenus();
    return titles.map((text) => text.trim());
  }

  private async openContextMenu(relative: string | readonly string[]): Promise<Locator> {
    const paths = typeof relative === 'string' ? [relative] : relative;
    // Expanding one folder moves the rows of the others.
    for (const one of paths) await this.explorerRow(one);
    const menu = this.page.locator('.monaco-menu:visible');
    return insist(async (timeout, attempt) => {
      if (attempt > 0) await this.closeMenus();
      for (const [index, one] of paths.entries()) {
        const row = await this.explorerRow(one);
        if (paths.length > 1) await row.locator('.label-name').click(index > 0 ? { modifiers: ['ControlOrMeta'] } : {});
      }
      // A folder that is clicked expands, and moves the rows below it, perhaps under the next click.
      const selected = this.explorerRows().and(this.page.locator('[aria-selected="true"]'));
      if (paths.length > 1 && (await selected.count()) !== paths.length) throw new Error('Others are selected.');
      for (const one of paths.length > 1 ? paths : [])
        if ((await (await this.explorerRow(one)).getAttribute('aria-selected')) !== 'true')
          throw new Error(`${one} is not selected.`);
      const last = await this.explorerRow(paths.at(-1)!);
      await last.locator('.label-name').click({ button: 'right' });
      await menu.getByRole('menuitem').first().waitFor({ timeout });
      // Rows move when a file comes or goes: the menu may be another row's.
      if (!/\bfocused\b/.test((await (await this.explorerRow(paths.at(-1)!)).getAttribute('class')) ?? ''))
        throw new Error('The menu is of another row.');
      // A click on another row than those that are selected selects that one.
      if (paths.length > 1 && (await selected.count()) !== paths.length) throw new Error('The click met another row.');
      return menu;
    });
  }

  // --- editors --------------------------------------------------------------------

  /** Opens a file of the workspace in an editor, as a double click in the explorer does. */
  async openFile(relative: string): Promise<void> {
    // Tabs of the same name, one config.json per checkpoint, are told apart by their paths.
    const opened = this.page
      .locator('.part.editor .tab.active')
      .filter({ has: this.page.locator(`.tab-label[aria-label*="/${relative}"]`) });
    await insist(async (timeout) => {
      const row = await this.explorerRow(relative);
      await row.locator('.label-name').dblclick();
      await opened.first().waitFor({ timeout });
    });
  }

  /** By the name the tab shows, without the folder that tells it from others of that name. */
  tab(title: string | RegExp): Locator {
    const tabs = this.page.locator('.part.editor .tab');
    if (title instanceof RegExp)
      return tabs.filter({ has: this.page.locator('.monaco-icon-label-container').filter({ hasText: title }) });
    const name = title.replace(/["\\]/g, '\\$&');
    const named = tabs.and(this.page.locator(`[aria-label="${name}"], [aria-label^="${name}, "]`));
    // A diff is labelled by its two files, whatever it is called.
    return named.or(
      tabs.filter({
        has: this.page
          .locator('.monaco-icon-name-container')
          .filter({ hasText: new RegExp(`^\\s*${escape(title)}\\s*$`) }),
      }),
    );
  }

  /** Names of the open tabs, without folders. */
  async tabTitles(): Promise<string[]> {
    return this.page
      .locator('.part.editor .tab')
      .evaluateAll((tabs) =>
        tabs.map((tab) =>
          ['.monaco-icon-name-container', '.monaco-icon-suffix-container']
            .map((part) => tab.querySelector(part)?.textContent ?? '')
            .join(''),
        ),
      );
  }

  /** The code editor that has the focus, or the first there is. */
  editor(): Locator {
    return this.page
      .locator(
        '.part.editor .editor-instance .monaco-editor:visible, .part.editor .editor-container .monaco-editor:visible',
      )
      .first();
  }

  /** Puts the cursor on a line, counted from 1, and scrolls to it. */
  async gotoLine(line: number): Promise<void> {
    await insist(async (timeout, attempt) => {
      await this.closeQuickInput();
      // Into the text: above a line there may be a lens, which leads out of the editor.
      const text = this.page.locator('.editor-group-container.active .monaco-editor:visible .view-lines .view-line');
      if (attempt > 0) await text.first().click({ position: { x: 1, y: 1 }, timeout });
      await this.searchPalette(`:${line}`, timeout);
      await this.quickInput
        .locator('.monaco-list-row')
        .filter({ hasText: `line ${line} ` })
        .waitFor({ timeout });
      await this.page.keyboard.press('Enter');
      await this.quickInput.waitFor({ state: 'hidden', timeout });
      // A slow window may have gone to the line of a number that was typed half.
      await this.page
        .locator('#status\\.editor\\.selection')
        .filter({ hasText: `Ln ${line},` })
        .waitFor({ timeout });
    });
  }

  /** Middle of a text in a visible line of the editor in hand, in page pixels. */
  async locationOf(text: string): Promise<{ x: number; y: number }> {
    const line = this.page
      .locator('.editor-group-container.active .monaco-editor .view-lines .view-line')
      .filter({ hasText: text })
      .first();
    await line.waitFor();
    const place = await line.evaluate((element, wanted) => {
      const document = element.ownerDocument;
      const walker = document.createTreeWalker(element, 4 /* text */);
      const nodes: Text[] = [];
      let all = '';
      for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        nodes.push(node as Text);
        all += (node as Text).data.replace(/\u00a0/g, ' ');
      }
      const at = all.indexOf(wanted);
      if (at < 0) return undefined;
      const middle = at + Math.floor(wanted.length / 2);
      let before = 0;
      for (const node of nodes) {
        if (middle < before + node.length) {
          const range = document.createRange();
          range.setStart(node, middle - before);
          range.setEnd(node, middle - before + 1);
          const box = range.getBoundingClientRect();
          return { x: box.x + box.width / 2, y: box.y + box.height / 2 };
        }
        before += node.length;
      }
      return undefined;
    }, text);
    if (!place) throw new Error(`No visible editor line has the text "${text}" in one piece.`);
    return place;
  }

  /** Rests the mouse on a text in an editor and returns the hover that appears. */
  async hover(text: string): Promise<Locator> {
    const hover = this.page
      .locator('.monaco-hover:visible')
      .filter({ has: this.page.locator('.hover-row, .hover-contents') })
      .first();
    return insist(async (timeout) => {
      const { x, y } = await this.locationOf(text);
      await this.page.mouse.move(x + 40, y + 120);
      await this.page.mouse.move(x - 1, y, { steps: 4 });
      await this.page.mouse.move(x, y);
      await hover.waitFor({ timeout });
      // Lenses that came in meanwhile have moved the lines: this is another line's hover.
      const now = await this.locationOf(text);
      if (Math.abs(now.y - y) < 4) return hover;
      await this.page.mouse.move(x + 40, y + 300);
      await hover.waitFor({ state: 'hidden', timeout });
      throw new Error(`The line of "${text}" does not rest.`);
    });
  }

  /** CodeLenses on screen, one element each, of the editor in hand. */
  codeLenses(): Locator {
    return this.page
      .locator('.editor-group-container.active .monaco-editor .codelens-decoration > :is(a, span)')
      .filter({ visible: true, hasText: /[^\s|]/ });
  }

  /** Their texts, icons left out, from the top. */
  async codeLensTexts(): Promise<string[]> {
    await this.codeLenses().first().waitFor();
    return (await this.codeLenses().allInnerTexts()).map((text) => text.replace(/[\s\u00a0]+/g, ' ').trim());
  }

  async clickCodeLens(text: string | RegExp): Promise<void> {
    await this.codeLenses().filter({ hasText: text }).first().click();
  }

  /** A comment thread pinned between the lines that has this text. */
  pinned(text: string | RegExp): Locator {
    return this.page.locator('.monaco-editor .review-widget').filter({ hasText: text, visible: true }).first();
  }

  // --- webviews -------------------------------------------------------------------

  /** The content of the visible webview; `nth` where several are (order of creation). */
  webviewFrame(nth?: number): FrameLocator {
    const all = this.page.locator('iframe.webview.ready:visible');
    return (nth === undefined ? all : all.nth(nth)).contentFrame().frameLocator('#active-frame');
  }

  /** Colour of a canvas of a webview at a fraction of its width and height: [r, g, b, a]. */
  async canvasPixel(canvas: Locator, x: number, y: number): Promise<[number, number, number, number]> {
    return canvas.evaluate(
      (element, at) => {
        const target = element as HTMLCanvasElement;
        const data = target
          .getContext('2d')
          ?.getImageData(Math.floor(at.x * (target.width - 1)), Math.floor(at.y * (target.height - 1)), 1, 1).data;
        return [data?.[0] ?? 0, data?.[1] ?? 0, data?.[2] ?? 0, data?.[3] ?? 0];
      },
      { x, y },
    );
  }

  /** Number of different colours painted on a canvas (transparent not counted); 0 means blank. */
  async canvasColours(canvas: Locator): Promise<number> {
    return canvas.evaluate((element) => {
      const target = element as HTMLCanvasElement;
      const data = target.getContext('2d')?.getImageData(0, 0, target.width, target.height).data;
      const seen = new Set<number>();
      for (let i = 0; data && i < data.length; i += 4) {
        if ((data[i + 3] ?? 0) > 0) seen.add(((data[i] ?? 0) << 16) | ((data[i + 1] ?? 0) << 8) | (data[i + 2] ?? 0));
      }
      return seen.size;
    });
  }

  // --- what the workbench says ----------------------------------------------------

  /** Waits until a text is visible, in the workbench or in a frame of it. */
  async waitForText(text: string | RegExp, options: { in?: FrameLocator | Locator } = {}): Promise<Locator> {
    const found = (options.in ?? this.page).getByText(text).filter({ visible: true }).first();
    await found.waitFor();
    return found;
  }

  /** Texts of the toasts on screen. */
  async notifications(): Promise<string[]> {
    return (await this.page.locator('.notification-toast .notification-list-item-message').allInnerTexts()).map(
      (text) => text.trim(),
    );
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notification-toast').filter({ hasText: text }).first();
  }

  async waitForNotification(text: string | RegExp): Promise<Locator> {
    const toast = this.notification(text);
    await toast.waitFor();
    return toast;
  }

  /** Presses a button of the toast with this text. */
  async notificationAction(text: string | RegExp, button: string): Promise<void> {
    const toast = await this.waitForNotification(text);
    await toast.getByRole('button', { name: button }).click(PRESS);
  }

  async clearNotifications(): Promise<void> {
    if ((await this.page.locator('.notification-toast').count()) > 0)
      await this.runCommand('Notifications: Clear All Notifications');
  }

  /** Presses a button of the modal dialog and returns the dialog's text. */
  async dialog(button: string): Promise<string> {
    const box = this.page.locator('.monaco-dialog-box');
    await box.waitFor();
    const text = await box.locator('.dialog-message-container').innerText();
    await box.getByRole('button', { name: button, exact: true }).click(PRESS);
    await box.waitFor({ state: 'hidden' });
    return text;
  }

  statusBarItem(text: string | RegExp): Locator {
    return this.page.locator('.part.statusbar .statusbar-item').filter({ hasText: text }).first();
  }

  // --- looks ----------------------------------------------------------------------

  /** Changes the theme through VS Code's own picker: it does not watch a user's settings file here. */
  async setTheme(theme: Theme): Promise<void> {
    const { label } = THEMES[theme];
    await this.runCommand('Preferences: Color Theme');
    const input = this.quickInput.locator('input[type=text]');
    await input.fill(label);
    await this.quickInput
      .locator('.monaco-list-row .label-name')
      .filter({ hasText: new RegExp(`^${escape(label)}$`) })
      .first()
      .click();
    await this.quickInput.waitFor({ state: 'hidden' });
    await this.waitForTheme(theme);
    this.host.themeChanged(theme);
  }

  async waitForTheme(theme: Theme): Promise<void> {
    const deadline = Date.now() + PATIENCE;
    for (;;) {
      const classes = (await this.page.locator('.monaco-workbench').first().getAttribute('class')) ?? '';
      if (THEMES[theme].shown.test(classes)) return;
      if (Date.now() > deadline)
        throw new Error(`The theme ${THEMES[theme].label} did not take effect (classes: ${classes}).`);
      await this.page.waitForTimeout(100);
    }
  }

  async resize(viewport: { width: number; height: number }): Promise<void> {
    await this.page.setViewportSize(viewport);
  }

  /** Saves test-results/NAME.png and returns its path. */
  async screenshot(name: string): Promise<string> {
    const file = path.join(this.host.resultsDir, `${name}.png`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file, animations: 'disabled', caret: 'hide' });
    return file;
  }

  /** Saves what the console said as test-results/NAME.console.log and returns its path. */
  writeLog(name: string): string {
    const file = path.join(this.host.resultsDir, `${name}.console.log`);
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, [...this.console, ...this.errors].join('\n'));
    return file;
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }
}
