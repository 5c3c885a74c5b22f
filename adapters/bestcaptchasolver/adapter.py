"""The adapter for bestcaptchasolver.com.

Lives here: what BestCaptchaSolver's own Python library documents and sends
(https://github.com/bestcaptchasolver/bestcaptchasolver-python3); the page of the API itself could not be read.
Never lives here: the access token (the host places it), waiting, retrying.
Start reading at `FAMILIES`.

Errors are texts, of which no list is published: one to a submit says that nothing was accepted, one to a poll says nothing of
the task. Not served: GeeTest and FunCaptcha, whose solutions are of a shape that is nowhere shown, Capy, and templates.
"""

from kit import (
    Adapter, Fault, accepted, apply_rules, balance, done, get, in_json, in_query, leave_out, polled, post_json, refuse, send,
    task_open, task_solved, usd,
)
from wit_world.imports import types

# No prices are published where they could be read. 0.003 is what dearer services list for a token, 0.001 for a picture: for a
# price below the cost is paid by whoever owns the token.
TOKEN, PICTURE = "0.003", "0.001"


def no_place(reason="the service has no place for it"):
    """Taken where it is no, which changes nothing; refused where it is yes."""
    refused = refuse(reason)
    return lambda name, value, task: refused(name, value, task) if value else None


def invisible(_name, value, task):
    """The service has a type of its own for it."""
    if value:
        task["type"] = 2


def only_rqdata(name, value, task):
    """What hCaptcha's payload holds beyond the one value that the service shows."""
    for inner in value:
        if inner != "rqdata":
            refuse("the service has no place for it")(f"{name}.{inner}", value, task)
    task["payload"] = value


def rqdata(_name, value, task):
    """The same value by its own name."""
    task["payload"] = {"rqdata": value}


def score(_name, value, task):
    """The library's example has it as a text."""
    task["v3_min_score"] = str(value)


def alphanumeric(name, value, task):
    """1 is digits, 2 letters; the service has no word for the others."""
    if value in (1, 2):
        task["alphanumeric"] = value
    elif value:
        refuse("only digits or no digits can be asked for")(name, value, task)


def unless_any(theirs):
    """A length; 0 is any, of which the service is not told."""

    def apply(_name, value, task):
        if value:
            task[theirs] = value

    return apply


SITE = {"websiteURL": "page_url", "websiteKey": "site_key", "userAgent": "user_agent"}
RECAPTCHA = {**SITE, "apiDomain": "domain", "cookies": "cookie_input", "isSession": no_place()}
V2 = {**RECAPTCHA, "pageAction": refuse("the service takes an action for reCAPTCHA v3 alone")}
V3 = {
    **RECAPTCHA,
    "pageAction": "v3_action",
    "minScore": score,
    "enterprisePayload": refuse("the service has no place for it"),
    "anchor": refuse("the service has no place for it"),
    "reload": refuse("the service has no place for it"),
}
TURNSTILE = {**SITE, "action": "action", "cdata": "cdata", "pageData": refuse("the service has no place for it")}

# For each family: the path, what every task of it has, what is listed for one, what becomes of each parameter.
FAMILIES = {
    "recaptcha_v2": (
        "recaptcha", {"type": 1}, TOKEN, {**V2, "isInvisible": invisible, "recaptchaDataSValue": "data_s"},
    ),
    "recaptcha_v2_enterprise": (
        "recaptcha",
        {"type": 4},
        TOKEN,
        {
            **V2,
            "isInvisible": no_place("the service has one type of enterprise widget"),
            "enterprisePayload": refuse("the service has no place for it"),
        },
    ),
    "recaptcha_v3": ("recaptcha", {"type": 3}, TOKEN, V3),
    "recaptcha_v3_enterprise": ("recaptcha", {"type": 5}, TOKEN, V3),
    "hcaptcha": (
        "hcaptcha",
        {},
        TOKEN,
        {
            **SITE,
            "isInvisible": "invisible",
            "isEnterprise": leave_out("the payload says it"),
            "rqdata": rqdata,
            "enterprisePayload": only_rqdata,
            "fallbackToActualUA": leave_out("a hint about the browser"),
        },
    ),
    "turnstile": ("turnstile", {}, TOKEN, TURNSTILE),
    "image_to_text": (
        "image",
        {},
        PICTURE,
        {
            "body": "b64image",
            "phrase": "is_phrase",
            "case": "is_case",
            "numeric": alphanumeric,
            "math": "is_math",
            "minLength": unless_any("minlength"),
            "maxLength": unless_any("maxlength"),
            "comment": refuse("the workers are shown no text"),
            "imgInstructions": refuse("the workers are shown no second picture"),
            "languagePool": leave_out("the service has one pool"),
        },
    ),
}

IN_JSON = in_json("token", "access_token")
IN_QUERY = in_query("token", "access_token")


class WitWorld(Adapter):
    """bestcaptchasolver.com."""

    manifest = types.Manifest(
        provider_id="bestcaptchasolver",
        display_name="BestCaptchaSolver",
        version="0.1.0",
        homepage="https://bestcaptchasolver.com",
        base_url="https://bcsapi.xyz/api",
        hosts=[],
        credential=[types.CredentialField("token", "Access token", "Shown on bestcaptchasolver.com/account")],
        placements=[IN_JSON, IN_QUERY],
        task_types=[
            types.ServedType(
                family,
                types.ProxySupport.NEVER if family == "image_to_text" else types.ProxySupport.OPTIONAL,
                usd(list_price),
                None,
            )
            for family, (_, _, list_price, _) in FAMILIES.items()
        ],
        # The library's examples ask every five seconds after pictures and every ten after the rest; tokens take 10 to 80.
        polling=types.PollLimits(
            first_wait_ms=5_000,
            interval_ms=5_000,
            max_polls=60,
            longest_life_ms=300_000,
            result_kept_ms=60_000,
            max_batch=1,
        ),
        abilities=types.Abilities.BALANCE | types.Abilities.REPORT,
    )

    def submit(self, task, parameters):
        if task.family not in FAMILIES:
            raise Fault("not-supported", "FAMILY_NOT_SUPPORTED", task.family)
        path, fixed, _, rules = FAMILIES[task.family]
        captcha = apply_rules(rules, parameters, dict(fixed))
        if task.proxy:
            captcha["proxy"] = proxy(task.proxy)
        return send(post_json(f"/captcha/{path}", captcha, [IN_JSON]), "submitted")

    def poll(self, tasks):
        # `max_batch` is 1, so there is one.
        task = tasks[0]
        return send(get(f"/captcha/{task.reference}", [IN_QUERY]), "polled", [task.reference, task.family])

    def balance(self):
        return send(get("/user/balance", [IN_QUERY]), "account")

    def report(self, report):
        if report.correct:
            # There is no word for it here.
            return done()
        return send(post_json(f"/captcha/bad/{report.task.reference}", {}, [IN_JSON]), "reported")

    def read_submitted(self, response, _state):
        # Unless the service surely refused the task, nobody knows whether it has it, and it must not go elsewhere.
        answer = response.object()
        captcha = answer.get("id")
        if type(captcha) is int and captcha > 0 and answer.get("status") != "error":
            return accepted(str(captcha))
        raise refused(answer, response) or response.may_have_acted()

    def read_polled(self, response, state):
        reference, family = state
        answer = response.object()
        if answer.get("status") == "pending":
            return polled(task_open(reference))
        name, ours = SOLUTIONS.get(family, ("solution", "token"))
        value = answer.get(name)
        if answer.get("status") != "error" and isinstance(value, str) and value:
            return polled(task_solved(reference, {ours: value}))
        raise refused(answer, response) or response.acted_on_nothing()

    def read_account(self, response, _state):
        answer = response.object()
        money = usd(answer.get("balance"))
        if money and answer.get("status") != "error":
            return balance(money)
        raise refused(answer, response) or response.acted_on_nothing()

    def read_reported(self, response, _state):
        answer = response.object()
        if response.status == 200 and answer and answer.get("status") != "error":
            return done()
        raise refused(answer, response) or response.acted_on_nothing()


# Under which name the service gives a solution, and under which the catalogue has it; the others are `solution`, a token.
SOLUTIONS = {
    "image_to_text": ("text", "text"),
    **{family: ("gresponse", "token") for family in FAMILIES if family.startswith("recaptcha")},
}


def refused(answer, response):
    """The fault that an answered error is; None where nothing was answered that says so."""
    if answer.get("status") != "error":
        return None
    # No list of texts is published; these two numbers of HTTP have one meaning wherever there are keys and money.
    name = {401: "credential-rejected", 402: "credential-out-of-funds"}.get(response.status, "provider-down")
    return Fault(name, "ERROR", answer.get("error") or "an error without words")


def proxy(given):
    """As `login:password@host:port`; the service's proxies are HTTP."""
    if given.scheme != types.ProxyScheme.HTTP:
        raise Fault("not-supported", "PROXY_NOT_SUPPORTED", "the service takes HTTP proxies alone")
    login = f"{given.login}:{given.password or ''}@" if given.login else ""
    return f"{login}{given.host}:{given.port}"
