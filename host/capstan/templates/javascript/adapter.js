// The adapter for Example Solver.
//
// Lives here: who the provider is (`manifest`), what is sent to it, and how its answers are read (`read`).
// Never lives here: the key (the host places it), waiting, retrying.
// Start reading at `FAMILIES` and `FAULTS`: most of what a service documents is a row of these tables.

import {
  accepted, adapter, applyRules, as, balance, done, fault, findFault, get, inHeader, leaveOut, open, polled, postJson,
  refuse, send, taskFailed, taskSolved, usd,
} from "./kit.js";

/** What the service solves: its name for a family, what it lists for one task, what becomes of each parameter. */
const FAMILIES = {
  turnstile: {
    kind: "turnstile",
    listPrice: "0.0018",
    parameters: {
      websiteURL: as("page"),
      websiteKey: as("sitekey"),
      action: as("action"),
      cdata: as("cdata"),
      pageData: refuse("the service has no place for it"),
      userAgent: leaveOut("the service uses its own browser"),
    },
  },
  recaptcha_v2: {
    kind: "recaptcha2",
    listPrice: "0.0022",
    parameters: {
      websiteURL: as("page"),
      websiteKey: as("sitekey"),
      isInvisible: as("invisible"),
      recaptchaDataSValue: as("data_s"),
      apiDomain: refuse("the service loads the captcha from google.com"),
      pageAction: refuse("the service has no place for it"),
      isSession: refuse("the service returns no session"),
      userAgent: leaveOut("the service uses its own browser"),
      cookies: refuse("the service has no place for them"),
    },
  },
};

/** Every code that the service documents. */
const FAULTS = {
  bad_key: { class: "credential-rejected", charged: "no", about: "call" },
  no_credit: { class: "credential-out-of-funds", charged: "no", about: "call" },
  busy: { class: "no-capacity", charged: "no", about: "call" },
  bad_job: { class: "invalid-task", charged: "no", about: "task" },
  unknown_kind: { class: "not-supported", charged: "no", about: "task" },
  unsolvable: { class: "unsolvable", charged: "no", about: "task" },
  unknown_job: { class: "unsolvable", charged: "no", about: "task" },
};

/** Where the service wants its key. */
const KEY = [inHeader("key", "authorization", "Bearer ")];

const manifest = {
  providerId: "example-solver",
  displayName: "Example Solver",
  version: "0.1.0",
  homepage: "https://solver.example",
  baseUrl: "https://api.solver.example",
  hosts: [],
  credential: [{ name: "key", label: "API key", description: "Shown on the service's dashboard" }],
  placements: KEY,
  taskTypes: Object.entries(FAMILIES).map(([family, { listPrice }]) => ({
    family,
    proxy: "never",
    listPrice: usd(listPrice),
    schema: undefined,
  })),
  polling: {
    firstWaitMs: 3_000,
    intervalMs: 2_000,
    maxPolls: 60,
    longestLifeMs: 120_000,
    resultKeptMs: 60_000,
    maxBatch: 1,
  },
  abilities: { idempotentSubmit: false, lookUp: false, cancel: false, report: true, balance: true, market: false },
};

const provider = {
  manifest,

  submit(task) {
    const family = FAMILIES[task.family];
    if (!family) throw fault("not-supported", "FAMILY_NOT_SUPPORTED", task.family);
    const job = applyRules(family.parameters, task.parameters, { kind: family.kind });
    return send(postJson("/v1/jobs", job, KEY), "submitted");
  },

  // `maxBatch` is 1, so there is one task.
  poll: ([{ reference }]) => send(get(`/v1/jobs/${reference}`, KEY), "polled", { reference }),

  balance: () => send(get("/v1/account", KEY), "account"),

  report: ({ task, correct }) => send(postJson(`/v1/jobs/${task.reference}/verdict`, { works: correct }, KEY), "reported"),

  read: {
    // Unless the service surely refused the job, nobody knows whether it has it, and the task must not go elsewhere.
    submitted(response) {
      const { job, error, detail } = response.object();
      if (/^[\w-]{1,100}$/.test(job ?? "")) return accepted(job);
      throw findFault(FAULTS, error, detail)?.fault ?? response.mayHaveActed();
    },

    polled(response, { reference }) {
      const { state, answer, cost, error, detail } = response.object();
      const known = findFault(FAULTS, error, detail);
      if (known?.about === "task") return polled([taskFailed(reference, known.fault)]);
      if (known) throw known.fault;
      if (state === "queued" || state === "working") return polled([open(reference)]);
      if (state === "solved" && answer) return polled([taskSolved(reference, { token: answer }, usd(cost))]);
      if (state === "failed") {
        const failed = fault("unsolvable", error ?? "failed", "of a code that is not known", { charged: "unknown" });
        return polled([taskFailed(reference, failed)]);
      }
      throw response.actedOnNothing();
    },

    account(response) {
      const { dollars, error, detail } = response.object();
      const money = usd(dollars);
      if (money) return balance(money);
      throw findFault(FAULTS, error, detail)?.fault ?? response.actedOnNothing();
    },

    reported(response) {
      if (response.status === 204) return done;
      const { error, detail } = response.object();
      throw findFault(FAULTS, error, detail)?.fault ?? response.actedOnNothing();
    },
  },
};

export const { describe, begin, advance } = adapter(provider);
