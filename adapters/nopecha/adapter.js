// The adapter for nopecha.com.
//
// Lives here: what NopeCHA documents of its Token API (https://developers.nopecha.com/token/turnstile/ and
// https://developers.nopecha.com/formatting/proxy/), and what its own Python library says of the types whose pages could not
// be read and of the numbers of errors (https://github.com/NopeCHALLC/nopecha-python, src/nopecha/api).
// Never lives here: the key (the host places it), waiting, retrying.
// Start reading at `FAMILIES` and `FAULTS`.
//
// Not served: recognition of pictures, which is told in the words of a challenge that the catalogue's pictures do not have; the
// balance, which is counted in credits of a plan, not in money.

import {
  accepted, adapter, applyRules, as, convert, fault, findFault, get, inJson, inQuery, leaveOut, open, polled, postJson, refuse,
  send, taskFailed, taskSolved, usd,
} from "./kit.js";

/** No price of a task is published: plans are sold. This is what dearer services list, so that nobody sells below cost. */
const LIST_PRICE = usd("0.003");

/** A value of the service's `data`, an object of what a widget is rendered with. */
const data = (name) => convert((value, job) => ((job.data ??= {})[name] = value));

/** The enterprise payload, of which the service takes the values that it knows. */
const payload = (...known) =>
  convert((value, job) => {
    const other = Object.keys(value).find((name) => !known.includes(name));
    if (other !== undefined) throw refused(`enterprisePayload.${other}`, "the service has no place for it");
    Object.assign((job.data ??= {}), value);
  });

/** Taken as no is, which changes nothing; refused as yes, which there is no place for. */
const onlyNo = (name) =>
  convert((value) => {
    if (value) throw refused(name, "the service has no place for it");
  });

const refused = (name, reason) => fault("not-supported", "PARAMETER_NOT_SUPPORTED", `${name}: ${reason}`);

const SITE = { websiteURL: as("url"), websiteKey: as("sitekey"), userAgent: as("useragent") };
const RECAPTCHA = {
  ...SITE,
  apiDomain: refuse("the service loads the captcha from where it usually is"),
  isSession: onlyNo("isSession"),
  cookies: refuse("the form that the service wants them in could not be read"),
};
const V2 = {
  ...RECAPTCHA,
  isInvisible: onlyNo("isInvisible"),
  pageAction: refuse("the service takes an action for reCAPTCHA v3 alone"),
};
const V3 = {
  ...RECAPTCHA,
  pageAction: data("action"),
  enterprisePayload: payload(),
  anchor: refuse("the service has no place for it"),
  reload: refuse("the service has no place for it"),
  minScore: convert((value) => {
    if (value > 0.3) throw refused("minScore", "no score above the usual 0.3 can be asked for");
  }),
};
const TURNSTILE = { ...SITE, action: data("action"), cdata: data("cdata"), pageData: data("chlPageData") };

/** What the service solves, each with or without a proxy. */
const FAMILIES = {
  recaptcha_v2: { job: { type: "recaptcha2", enterprise: false }, parameters: { ...V2, recaptchaDataSValue: data("s") } },
  recaptcha_v2_enterprise: {
    job: { type: "recaptcha2", enterprise: true },
    parameters: { ...V2, enterprisePayload: payload("s") },
  },
  recaptcha_v3: { job: { type: "recaptcha3", enterprise: false }, parameters: V3 },
  recaptcha_v3_enterprise: { job: { type: "recaptcha3", enterprise: true }, parameters: V3 },
  hcaptcha: {
    job: { type: "hcaptcha", enterprise: false },
    parameters: {
      ...SITE,
      isInvisible: leaveOut("hCaptcha's tokens are the same for both kinds of widget"),
      isEnterprise: as("enterprise"),
      rqdata: data("rqdata"),
      enterprisePayload: payload("rqdata"),
      fallbackToActualUA: leaveOut("a hint about the browser"),
    },
  },
  turnstile: { job: { type: "turnstile" }, parameters: TURNSTILE },
  turnstile_challenge: {
    job: { type: "turnstile" },
    parameters: { ...TURNSTILE, apiJsUrl: refuse("no script can be named here") },
  },
};

/** The job is not done. */
const INCOMPLETE = 14;

/** The service's numbers, which its library has names for. 9 (unknown) says nothing, and so does what is not here. */
const FAULTS = {
  10: { class: "invalid-task", charged: "no", about: "call" },
  11: { class: "throttled", charged: "no", about: "call" },
  // The gateway's address is banned: until it is not, the key is of no use here.
  12: { class: "credential-rejected", charged: "no", about: "call" },
  13: { class: "unsolvable", charged: "unknown", about: "task" },
  15: { class: "credential-rejected", charged: "no", about: "call" },
  16: { class: "credential-out-of-funds", charged: "no", about: "call" },
  17: { class: "not-supported", charged: "no", about: "call" },
  18: { class: "not-supported", charged: "no", about: "call" },
};

const IN_JSON = inJson("key", "key");
const IN_QUERY = inQuery("key", "key");

const manifest = {
  providerId: "nopecha",
  displayName: "NopeCHA",
  version: "0.1.0",
  homepage: "https://nopecha.com",
  baseUrl: "https://api.nopecha.com",
  hosts: [],
  credential: [{ name: "key", label: "Subscription key", description: "Shown on nopecha.com/manage" }],
  placements: [IN_JSON, IN_QUERY],
  taskTypes: Object.keys(FAMILIES).map((family) => ({
    family,
    proxy: "optional",
    listPrice: LIST_PRICE,
    schema: undefined,
  })),
  // No rules are published. The service's library polls after 1, 2, 3 … seconds, 120 times at most.
  polling: {
    firstWaitMs: 3_000,
    intervalMs: 3_000,
    maxPolls: 100,
    longestLifeMs: 180_000,
    resultKeptMs: 60_000,
    maxBatch: 1,
  },
  abilities: { idempotentSubmit: false, lookUp: false, cancel: false, report: false, balance: false, market: false },
};

/** The fault that an answer's number is. */
function known({ error, message }) {
  return typeof error === "number" ? findFault(FAULTS, String(error), message) : undefined;
}

/** An id goes into a query, and nothing in it may end its value. */
const isPlain = (id) => typeof id === "string" && /^[\w.-]{1,200}$/.test(id);

const provider = {
  manifest,

  submit(task) {
    const family = FAMILIES[task.family];
    if (!family) throw fault("not-supported", "FAMILY_NOT_SUPPORTED", task.family);
    const job = applyRules(family.parameters, task.parameters, { ...family.job });
    if (task.proxy) {
      const { scheme, host, port, login, password } = task.proxy;
      job.proxy = { scheme, host, port: String(port) };
      if (login) Object.assign(job.proxy, { username: login, password: password ?? "" });
    }
    return send(postJson("/token/", job, [IN_JSON]), "submitted");
  },

  // `maxBatch` is 1, so there is one task.
  poll: ([{ reference }]) => send(get(`/token/?id=${reference}`, [IN_QUERY]), "polled", { reference }),

  read: {
    // Unless the service surely refused the job, nobody knows whether it has it, and the task must not go elsewhere.
    submitted(response) {
      const answer = response.object();
      if (isPlain(answer.data)) return accepted(answer.data);
      throw known(answer)?.fault ?? response.mayHaveActed();
    },

    polled(response, { reference }) {
      const answer = response.object();
      if (typeof answer.data === "string" && answer.data !== "") {
        return polled([taskSolved(reference, { token: answer.data })]);
      }
      if (answer.error === INCOMPLETE) return polled([open(reference)]);
      const row = known(answer);
      if (row?.about === "task") return polled([taskFailed(reference, row.fault)]);
      throw row?.fault ?? response.actedOnNothing();
    },
  },
};

export const { describe, begin, advance } = adapter(provider);
