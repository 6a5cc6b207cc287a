// Runs one test file in a Chromium of its own and does what its driver asks, over the DevTools protocol.

import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";

import puppeteer from "puppeteer-core";

import { pageOf } from "./server.js";

const EXECUTABLE = process.env.CHROMIUM || "/usr/bin/chromium";

/**
 * Chromium's own rules with shorter waits: a field trial of this name overrides them.
 * See components/background_sync/background_sync_controller_impl.cc.
 */
const SYNC_PARAMETERS = {
  initial_retry_delay_sec: 1,
  min_recovery_time_sec: 2,
  max_sync_event_duration_sec: 3,
  min_periodic_sync_events_interval_sec: 2,
};

/** An origin that nobody has visited much waits twice as long between periodic syncs. */
const ENGAGEMENT_FACTOR = 2;

const ARGUMENTS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--force-fieldtrials=BackgroundSync/Judge/",
  `--force-fieldtrial-params=BackgroundSync.Judge:${Object.entries(SYNC_PARAMETERS).flat().join("/")}`,
];

const SETTINGS = {
  features: ["offline", "stop_worker", "restart", "permission", "sync", "periodic_sync"],
  retry_delay: SYNC_PARAMETERS.initial_retry_delay_sec * 1000,
  event_limit: SYNC_PARAMETERS.max_sync_event_duration_sec * 1000,
  periodic_interval: SYNC_PARAMETERS.min_periodic_sync_events_interval_sec * ENGAGEMENT_FACTOR * 1000,
};

/** Longer than testharness.js gives the longest file in one phase. */
const PATIENCE_MS = 70_000;

/** What puppeteer says then. */
const PAGE_CRASHED = "Page crashed!";

const CLOSED_PAGE = "about:blank";

/** What Chromium calls itself. */
export async function chromiumVersion() {
  if (!existsSync(EXECUTABLE)) {
    throw new Error(`\`${EXECUTABLE}\` is not there: install Chromium, or say with CHROMIUM=/path where it is`);
  }
  const browser = await puppeteer.launch({ executablePath: EXECUTABLE, args: ARGUMENTS });
  const version = await browser.version();
  await browser.close();
  return version;
}

/** The names of testharness.js' numbers, as in wpt.fyi's reports. */
const FILE_STATUSES = ["OK", "ERROR", "TIMEOUT", "PRECONDITION_FAILED"];
const SUBTEST_STATUSES = ["PASS", "FAIL", "TIMEOUT", "NOTRUN", "PRECONDITION_FAILED"];

/**
 * Runs a test file in all its phases, and gives its result in the form of wpt.fyi's reports.
 *
 * @param {import("./suite.js").Test} test
 * @param {string} origin of the server
 */
export async function runInChromium(test, origin) {
  try {
    const { status, message, subtests } = await runPhases(test, origin);
    const named = subtests.map((subtest) => ({ ...subtest, status: SUBTEST_STATUSES[subtest.status] }));
    return { status: FILE_STATUSES[status], message, subtests: named };
  } catch (error) {
    const status = error.message === PAGE_CRASHED ? "CRASH" : "ERROR";
    return { status, message: error.message, subtests: [] };
  }
}

async function runPhases(test, origin) {
  const profile = await mkdtemp(join(tmpdir(), "landfall-judge-"));
  const run = new Run(profile, origin);
  try {
    await run.launch();
    for (let phase = 0, notes = null; ; phase++) {
      const ending = await run.load(pageOf(test), { ...SETTINGS, phase, notes });
      if (ending.results) return ending.results;
      notes = ending.leaving.notes;
      await run.leave(ending.leaving);
    }
  } finally {
    await run.close();
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

class Run {
  constructor(profile, origin) {
    this.profile = profile;
    this.origin = origin;
    this.permissions = new Map([["periodic-background-sync", "granted"]]);
  }

  async launch() {
    this.browser = await puppeteer.launch({
      executablePath: EXECUTABLE,
      userDataDir: this.profile,
      args: ARGUMENTS,
    });
    [this.page] = await this.browser.pages();
    this.session = await this.page.createCDPSession();
    this.browserSession = null;
    this.isOffline = false;
    this.cutOffWorkers = [];
    this.registrations = new Map();
    this.versions = new Map();
    this.session.on("ServiceWorker.workerRegistrationUpdated", ({ registrations }) => {
      for (const each of registrations) this.registrations.set(each.registrationId, each);
    });
    this.session.on("ServiceWorker.workerVersionUpdated", ({ versions }) => {
      for (const each of versions) this.versions.set(each.versionId, each);
    });
    await this.session.send("ServiceWorker.enable");
    await this.session.send("Network.enable");
    this.browser.on("targetcreated", (target) => {
      if (this.isOffline) this.cutOff(target).catch(() => {});
    });
    for (const [name, state] of this.permissions) await this.set_permission({ name, state });
  }

  async close() {
    await this.browser?.close();
  }

  /** Loads a page and serves its driver until the test is over or leaves. */
  async load(path, settings) {
    const preload = await this.page.evaluateOnNewDocument((value) => {
      globalThis.driver_settings = value;
    }, settings);
    await this.page.goto(this.origin + path);
    await this.page.removeScriptToEvaluateOnNewDocument(preload.identifier);
    const patience = new AbortController();
    const crashed = new Promise((_, reject) => this.page.once("error", reject));
    const tooLong = wait(PATIENCE_MS, undefined, { signal: patience.signal }).then(() => {
      throw new Error(`no results after ${PATIENCE_MS / 1000} s`);
    });
    try {
      return await Promise.race([this.collect(), this.serveDriver(), crashed, tooLong]);
    } finally {
      patience.abort();
      tooLong.catch(() => {});
    }
  }

  async collect() {
    return { results: await this.page.evaluate(() => globalThis.results) };
  }

  async serveDriver() {
    for (;;) {
      const request = await this.page.evaluate(
        () => globalThis.driver?.controller.next_request() ?? new Promise(() => {}),
      );
      if (request.operation === "leave" || request.operation === "restart") return { leaving: request };
      const failure = await this[request.operation](request).then(
        () => null,
        (error) => error.message,
      );
      await this.page.evaluate((id, error) => driver.controller.answer(id, error), request.id, failure);
    }
  }

  /** Closes the page, does the steps, and ends the browser if asked to. */
  async leave({ operation, steps }) {
    await this.page.goto(CLOSED_PAGE);
    for (const step of steps) await this[step.operation](step);
    if (operation === "restart") {
      const { browser } = this;
      const ended = new Promise((resolve) => browser.process().once("exit", resolve));
      browser.process().kill("SIGKILL");
      await ended;
      await this.launch();
    }
  }

  async wait({ milliseconds }) {
    await wait(milliseconds);
  }

  async set_offline() {
    this.isOffline = true;
    await this.session.send("Network.emulateNetworkConditions", this.conditions());
    await Promise.all(this.browser.targets().map((target) => this.cutOff(target)));
  }

  async set_online() {
    this.isOffline = false;
    await this.session.send("Network.emulateNetworkConditions", this.conditions());
    for (const session of this.cutOffWorkers.splice(0)) await session.detach().catch(() => {});
  }

  /** A worker that a session told to be offline holds its syncs back until that session says otherwise or ends. */
  async cutOff(target) {
    if (target.type() !== "service_worker") return;
    const session = await target.createCDPSession();
    this.cutOffWorkers.push(session);
    await session.send("Network.enable");
    await session.send("Network.emulateNetworkConditions", this.conditions());
  }

  conditions() {
    return { offline: this.isOffline, latency: 0, downloadThroughput: -1, uploadThroughput: -1 };
  }

  async stop_worker({ scope }) {
    const registrationId = this.registrationId(scope);
    const running = () =>
      [...this.versions.values()].filter(
        (version) => version.registrationId === registrationId && version.runningStatus !== "stopped",
      );
    for (const { versionId } of running()) await this.session.send("ServiceWorker.stopWorker", { versionId });
    while (running().length > 0) await wait(10);
  }

  async dispatch_sync({ scope, tag, last_chance: lastChance = false }) {
    const registrationId = this.registrationId(scope);
    await this.session.send("ServiceWorker.dispatchSyncEvent", { origin: this.origin, registrationId, tag, lastChance });
  }

  async dispatch_periodic_sync({ scope, tag }) {
    const registrationId = this.registrationId(scope);
    await this.session.send("ServiceWorker.dispatchPeriodicSyncEvent", { origin: this.origin, registrationId, tag });
  }

  async set_permission({ name, state }) {
    this.permissions.set(name, state);
    // Permissions hold as long as the session that set them.
    this.browserSession ??= await this.browser.target().createCDPSession();
    const permission = { name };
    await this.browserSession.send("Browser.setPermission", { permission, setting: state, origin: this.origin });
  }

  registrationId(scope) {
    const found = [...this.registrations.values()].find((each) => each.scopeURL === scope && !each.isDeleted);
    if (!found) throw new Error(`no registration for ${scope}`);
    return found.registrationId;
  }
}
