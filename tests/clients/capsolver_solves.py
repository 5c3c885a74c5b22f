"""capsolver 1.0.7, pointed at the gateway by its own option; the dialect is chosen by the path."""

import capsolver
from saw import (BAD_KEY, IMAGE, KEY, PAGE, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, URL, at_once, bad_key, balances, fails,
                 solved, unsolvable)

capsolver.api_base = f"{URL}/as/capsolver"
V2 = {"type": "ReCaptchaV2TaskProxyLess", "websiteURL": PAGE, "websiteKey": SITE_KEY}

capsolver.api_key = BAD_KEY
bad_key(fails("a bad key", lambda: capsolver.solve(V2), capsolver.error.AuthenticationError).json_body["errorCode"])
capsolver.api_key = KEY
before = capsolver.balance()["balance"]
# A failed task comes with status 400, which the library takes for a wrong request.
failed = fails("an unsolvable task", lambda: capsolver.solve(V2), capsolver.error.InvalidRequestError)
unsolvable(failed.json_body["errorCode"])


def solve(family, field, **task):
    solved(family, capsolver.solve(task)[field])


page = {"websiteURL": PAGE, "websiteKey": SITE_KEY}
at_once(
    lambda: solve("recaptcha_v2", "gRecaptchaResponse", **V2),
    lambda: solve("recaptcha_v2_enterprise", "gRecaptchaResponse", type="ReCaptchaV2EnterpriseTaskProxyLess", **page),
    lambda: solve("recaptcha_v3", "gRecaptchaResponse", type="ReCaptchaV3TaskProxyLess", pageAction="login", **page),
    lambda: solve("turnstile", "token", type="AntiTurnstileTaskProxyLess", websiteURL=TURNSTILE_PAGE,
                  websiteKey=TURNSTILE_KEY),
    lambda: solve("image_to_text", "text", type="ImageToTextTask", body=IMAGE),
)
balances(before, capsolver.balance()["balance"])
