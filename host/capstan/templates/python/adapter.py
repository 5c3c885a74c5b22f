"""The adapter for Example Solver.

Lives here: who the provider is (`manifest`), what is sent to it, and how its answers are read (`read_…`).
Never lives here: the key (the host places it), waiting, retrying.
Start reading at `FAMILIES` and `FAULTS`: most of what a service documents is a row of these tables.
"""

import re

from kit import (
    Adapter, Fault, Row, accepted, apply_rules, balance, done, get, in_header, leave_out, polled, post_json, refuse, send,
    task_failed, task_open, task_solved, usd,
)
from wit_world.imports import types

# What the service solves: its name for a family, what it lists for one task, what becomes of each parameter.
FAMILIES = {
    "turnstile": (
        "turnstile",
        "0.0018",
        {
            "websiteURL": "page",
            "websiteKey": "sitekey",
            "action": "action",
            "cdata": "cdata",
            "pageData": refuse("the service has no place for it"),
            "userAgent": leave_out("the service uses its own browser"),
        },
    ),
    "recaptcha_v2": (
        "recaptcha2",
        "0.0022",
        {
            "websiteURL": "page",
            "websiteKey": "sitekey",
            "isInvisible": "invisible",
            "recaptchaDataSValue": "data_s",
            "apiDomain": refuse("the service loads the captcha from google.com"),
            "pageAction": refuse("the service has no place for it"),
            "isSession": refuse("the service returns no session"),
            "userAgent": leave_out("the service uses its own browser"),
            "cookies": refuse("the service has no place for them"),
        },
    ),
}

# Every code that the service documents.
FAULTS = {
    "bad_key": Row("credential-rejected", "no", "call"),
    "no_credit": Row("credential-out-of-funds", "no", "call"),
    "busy": Row("no-capacity", "no", "call"),
    "bad_job": Row("invalid-task", "no", "task"),
    "unknown_kind": Row("not-supported", "no", "task"),
    "unsolvable": Row("unsolvable", "no", "task"),
    "unknown_job": Row("unsolvable", "no", "task"),
}

# Where the service wants its key.
KEY = [in_header("key", "authorization", "Bearer ")]


class WitWorld(Adapter):
    """Example Solver."""

    manifest = types.Manifest(
        provider_id="example-solver",
        display_name="Example Solver",
        version="0.1.0",
        homepage="https://solver.example",
        base_url="https://api.solver.example",
        hosts=[],
        credential=[types.CredentialField("key", "API key", "Shown on the service's dashboard")],
        placements=KEY,
        task_types=[
            types.ServedType(family, types.ProxySupport.NEVER, usd(list_price), None)
            for family, (_, list_price, _) in FAMILIES.items()
        ],
        polling=types.PollLimits(
            first_wait_ms=3_000,
            interval_ms=2_000,
            max_polls=60,
            longest_life_ms=120_000,
            result_kept_ms=60_000,
            max_batch=1,
        ),
        abilities=types.Abilities.BALANCE | types.Abilities.REPORT,
    )

    def submit(self, task, parameters):
        if task.family not in FAMILIES:
            raise Fault("not-supported", "FAMILY_NOT_SUPPORTED", task.family)
        kind, _, rules = FAMILIES[task.family]
        return send(post_json("/v1/jobs", apply_rules(rules, parameters, {"kind": kind}), KEY), "submitted")

    def poll(self, tasks):
        # `max_batch` is 1, so there is one.
        reference = tasks[0].reference
        return send(get(f"/v1/jobs/{reference}", KEY), "polled", reference)

    def balance(self):
        return send(get("/v1/account", KEY), "account")

    def report(self, report):
        url = f"/v1/jobs/{report.task.reference}/verdict"
        return send(post_json(url, {"works": report.correct}, KEY), "reported")

    def read_submitted(self, response, _state):
        # Unless the service surely refused the job, nobody knows whether it has it, and the task must not go elsewhere.
        answer = response.object()
        job = answer.get("job")
        if isinstance(job, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", job):
            return accepted(job)
        raise known(answer) or response.may_have_acted()

    def read_polled(self, response, reference):
        answer = response.object()
        state, error = answer.get("state"), answer.get("error")
        fault = known(answer)
        if fault and FAULTS[error].about == "task":
            return polled(task_failed(reference, fault))
        if fault:
            raise fault
        if state in ("queued", "working"):
            return polled(task_open(reference))
        if state == "solved" and answer.get("answer"):
            return polled(task_solved(reference, {"token": answer["answer"]}, usd(answer.get("cost"))))
        if state == "failed":
            return polled(task_failed(reference, Fault("unsolvable", error or "failed", "of a code that is not known", "unknown")))
        raise response.acted_on_nothing()

    def read_account(self, response, _state):
        answer = response.object()
        money = usd(answer.get("dollars"))
        if money:
            return balance(money)
        raise known(answer) or response.acted_on_nothing()

    def read_reported(self, response, _state):
        if response.status == 204:
            return done()
        raise known(response.object()) or response.acted_on_nothing()


def known(answer):
    """The fault that an answer's code is, where the service documents it."""
    code = answer.get("error")
    return FAULTS[code].fault(code, answer.get("detail")) if code in FAULTS else None
