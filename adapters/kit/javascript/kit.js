// What every adapter in JavaScript shares: the contract's three functions over a small object, and helpers.
//
// Lives here: `adapter`, builders for requests, readers for replies, faults, money, rules for parameters.
// Never lives here: anything of one provider, a clock, randomness, a socket.
// Start reading at `adapter`; the contract is wit/adapter.wit.

/** @typedef {"invalid-task" | "unsolvable" | "not-supported" | "throttled" | "no-capacity" | "credential-rejected" |
 *   "credential-out-of-funds" | "provider-down" | "in-doubt"} FaultClass what the host must do about a fault */

import { note } from "capstan:adapter/log@1.0.0";

// The engine has none of the web's own classes, such as TextDecoder.
const utf8 = {
  encode: (text) => Uint8Array.from(unescape(encodeURIComponent(text.toWellFormed())), (c) => c.charCodeAt(0)),
  decode(bytes) {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) text += String.fromCharCode.apply(null, bytes.subarray(at, at + 8192));
    try {
      return decodeURIComponent(escape(text));
    } catch {
      return text;
    }
  },
};

/**
 * The contract's functions for a provider:
 * - `manifest`: who the provider is, as the contract's record;
 * - `submit(task)`, `poll(tasks)`, and those of the abilities (`balance()`, `market()`, `report(report)`, `cancel(task)`,
 *   `lookUp(attemptId)`): each answers with a step, mostly `send(…)`;
 * - `read`: an object with one function for each kind of request, `(response, state) => step`, by the name in `send`;
 * - `resume`: the same for waits.
 * To fail, throw `fault(…)`.
 */
export function adapter(provider) {
  const operations = {
    submit: (task) => provider.submit({ ...task, parameters: JSON.parse(task.parameters) }),
    poll: (tasks) => provider.poll(tasks.map(opened)),
    "look-up": (attemptId) => provider.lookUp(attemptId),
    balance: () => provider.balance(),
    market: () => provider.market(),
    report: (report) => provider.report({ ...report, task: opened(report.task) }),
    cancel: (task) => provider.cancel(opened(task)),
  };
  return {
    describe: () => provider.manifest,
    begin: (operation) => ended(() => operations[operation.tag](operation.val)),
    advance: (bytes, reply) =>
      ended(() => {
        const { name, state } = JSON.parse(utf8.decode(bytes));
        return reply.tag === "waited" ? provider.resume[name](state) : provider.read[name](new Response(reply.val), state);
      }),
  };
}

/** A task with its memo as text. */
const opened = (task) => ({ ...task, memo: utf8.decode(task.memo) });

function ended(turn) {
  try {
    return turn();
  } catch (thrown) {
    if (thrown instanceof Fault) return { tag: "failed", val: thrown.fault };
    // A mistake in the adapter: the host sees a crash, and who asks for notes sees why.
    note("warn", `${thrown}\n${thrown?.stack}`);
    throw thrown;
  }
}

// ---------------------------------------------------------------- steps

/** Sends a request; `provider.read[name]` is called with the response and `state`, which must be JSON. */
export const send = (request, name, state = null) => ({
  tag: "send",
  val: [request, utf8.encode(JSON.stringify({ name, state }))],
});

/** Waits so many milliseconds; `provider.resume[name]` is called with `state`. */
export const wait = (milliseconds, name, state = null) => ({
  tag: "wait",
  val: [milliseconds, utf8.encode(JSON.stringify({ name, state }))],
});

/** The provider has the task, under this reference; `memo` is a text that polls are given with it. */
export const accepted = (reference, { memo = "", pollAfterMs } = {}) => ({
  tag: "accepted",
  val: { reference, memo: utf8.encode(memo), pollAfterMs },
});

/** The provider solved the task in its reply to the submit. */
export const solved = (solution, cost) => ({ tag: "solved", val: solvedRecord(solution, cost) });

/** What a poll found out: a list of `open`, `taskSolved` and `taskFailed`. */
export const polled = (verdicts) => ({ tag: "polled", val: verdicts });

/** The credential's balance, as `usd` makes it. */
export const balance = (money) => ({ tag: "balance", val: money });

/** Nothing more to say: reported, cancelled, or surely no such task. */
export const done = { tag: "done" };

// ---------------------------------------------------------------- verdicts

/** This task is still open. */
export const open = (reference, pollAfterMs) => ({ reference, standing: { tag: "open", val: pollAfterMs } });

/** This task is solved; the solution has the catalogue's names. */
export const taskSolved = (reference, solution, cost) => ({
  reference,
  standing: { tag: "solved", val: solvedRecord(solution, cost) },
});

/** This task has failed, with a fault that `fault` made. */
export const taskFailed = (reference, { fault }) => ({ reference, standing: { tag: "failed", val: fault } });

const solvedRecord = (solution, cost) => ({ solution: JSON.stringify(solution), cost });

// ---------------------------------------------------------------- requests

/** A request without a body; `url` is a path below the base URL. */
export const get = (url, placements = []) => request("get", url, { tag: "empty" }, placements);

/** A POST of a JSON body. */
export const postJson = (url, body, placements = []) =>
  request("post", url, { tag: "json", val: JSON.stringify(body) }, placements);

/** A POST of a form: an object of texts. */
export const postForm = (url, fields, placements = []) =>
  request("post", url, { tag: "form", val: Object.entries(fields) }, placements);

const request = (method, url, body, placements) => ({ method, url, headers: [], body, placements });

/** Where the credential's field goes; the host inserts the value. */
export const inJson = (field, name) => ({ field, place: { tag: "json-field", val: name } });
export const inForm = (field, name) => ({ field, place: { tag: "form-field", val: name } });
export const inQuery = (field, name) => ({ field, place: { tag: "query", val: name } });
export const inHeader = (field, name, prefix = "") => ({ field, place: { tag: "header", val: [name, prefix] } });

// ---------------------------------------------------------------- replies

class Response {
  constructor({ status, headers, body }) {
    Object.assign(this, { status, headers, body });
  }

  /** The body as an object; an empty one where it is no JSON object. */
  object() {
    try {
      const value = JSON.parse(utf8.decode(this.body));
      return value !== null && typeof value === "object" && !Array.isArray(value) ? value : {};
    } catch {
      return {};
    }
  }

  /** The first header of this name, in lower case. */
  header(name) {
    return this.headers.find(([known]) => known === name)?.[1];
  }

  /** For a request that may have had an effect, and no answer that can be read: nobody knows. */
  mayHaveActed() {
    return this.#trouble("in-doubt", "unknown");
  }

  /** The same for a request that only reads: whatever happened, nothing was changed by it. */
  actedOnNothing() {
    return this.#trouble("provider-down", "no");
  }

  #trouble(otherwise, charged) {
    if (this.status === 429) {
      const seconds = this.header("retry-after")?.trim();
      const retryAfterMs = /^\d{1,6}$/.test(seconds ?? "") ? Number(seconds) * 1000 : undefined;
      return fault("throttled", "THROTTLED", "HTTP 429", { retryAfterMs });
    }
    if (this.status >= 500) return fault(otherwise, "HTTP_ERROR", `HTTP ${this.status}`, { charged });
    return fault(otherwise, "UNREADABLE_REPLY", `HTTP ${this.status} without a readable answer`, { charged });
  }
}

// ---------------------------------------------------------------- faults

class Fault extends Error {
  constructor(fault) {
    super(fault.message);
    this.fault = fault;
  }
}

/**
 * A fault to be thrown, or to fail one task with. Nothing is charged where it does not say so.
 * @param {FaultClass} name
 */
export function fault(name, code, message, { charged = "no", retryAfterMs } = {}) {
  const kind = name === "throttled" ? { tag: name, val: retryAfterMs } : { tag: name };
  return new Fault({ class: kind, code: forPeople(code), message: forPeople(message), charged });
}

/**
 * The row of a table of codes (`code: { class, charged, about }`), and the fault that it is; undefined where the code is
 * not in it. About is `"task"` where the task has failed, `"call"` where a task may still be solved.
 */
export function findFault(table, code, message) {
  const row = Object.hasOwn(table, code) ? table[code] : undefined;
  return row && { ...row, fault: fault(row.class, code, message ?? code, row) };
}

const forPeople = (text) =>
  [...String(text).trim()].filter((c) => c >= " " && c !== "\x7f").slice(0, 300).join("");

// ---------------------------------------------------------------- parameters

/** It is sent as it is, under this name. */
export const as = (name) => ({ name });
/** It is left out: the solution does not hang on it. The reason is for who reads the table. */
export const leaveOut = (reason) => ({ leftOut: reason });
/** The task is refused before anything is sent. */
export const refuse = (reason) => ({ refused: reason });
/** It is sent in another form: `convert(value, task)` writes it, or throws a fault. */
export const convert = (write) => ({ write });

/**
 * Writes canonical parameters into the provider's task by a table of rules. A parameter that changes what is solved is
 * sent, or the task is refused; one that the table does not name is refused.
 */
export function applyRules(rules, parameters, task) {
  for (const [name, value] of Object.entries(parameters)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : refuse("this adapter does not know it");
    if (rule.refused) throw fault("not-supported", "PARAMETER_NOT_SUPPORTED", `${name}: ${rule.refused}`);
    if (rule.write) rule.write(value, task);
    if (rule.name) task[rule.name] = value;
  }
  return task;
}

// ---------------------------------------------------------------- money

/**
 * US dollars of a JSON number or text, as a plain decimal of at most nine places; undefined where it is no amount.
 * `per` divides it: 100 where the provider counts in cents.
 */
export function usd(value, per = 1) {
  const isAmount = typeof value === "number" || (typeof value === "string" && /^-?\d+(\.\d*)?(e-?\d+)?$/i.test(value.trim()));
  const number = isAmount ? Number(value) / per : NaN;
  if (!Number.isFinite(number) || Math.abs(number) >= 1e12) return undefined;
  const amount = number.toFixed(9).replace(/\.?0+$/, "");
  return { amount: amount === "-0" ? "0" : amount, currency: "USD" };
}
