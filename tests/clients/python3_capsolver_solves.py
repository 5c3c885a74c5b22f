"""python3-capsolver 1.2.2 under its literal address; the dialect is chosen by the key, once by the path."""

import logging

from python3_capsolver.cloudflare import Cloudflare
from python3_capsolver.control import Control
from python3_capsolver.core.enum import CaptchaTypeEnm
from python3_capsolver.image_to_text import ImageToText
from python3_capsolver.recaptcha import ReCaptcha
from saw import (BAD_KEY, IMAGE, KEY, PAGE, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, URL, at_once, bad_key, balances, fails,
                 solved, surprise, unsolvable)

logging.disable()
KEY_AS = f"{KEY}__capsolver"
PAGE_OF_V2 = {"websiteURL": PAGE, "websiteKey": SITE_KEY}
V2 = CaptchaTypeEnm.ReCaptchaV2TaskProxyLess


def recaptcha(captcha_type, key=KEY_AS, payload=PAGE_OF_V2, **options):
    return ReCaptcha(key, captcha_type, sleep_time=1, **options).captcha_handler(task_payload=dict(payload))


def solve(family, field, answer):
    if answer["errorId"] != 0 or answer["status"] != "ready":
        surprise(f"{family} is answered {answer}")
    solved(family, answer["solution"][field])


refused = recaptcha(V2, key=f"{BAD_KEY}__capsolver")
if refused["errorId"] == 0:
    surprise(f"a bad key is answered {refused}")
bad_key(refused["errorCode"])
# The library reads nothing but a status of 200 here.
fails("a bad key's balance", lambda: Control(f"{BAD_KEY}__capsolver").get_balance(), ValueError)

before = Control(KEY_AS).get_balance()["balance"]
failed = recaptcha(V2)
if failed["errorId"] == 0 or failed["status"] != "failed":
    surprise(f"an unsolvable task is answered {failed}")
unsolvable(failed["errorCode"])

turnstile = {"websiteURL": TURNSTILE_PAGE, "websiteKey": TURNSTILE_KEY}
at_once(
    lambda: solve("recaptcha_v2", "gRecaptchaResponse", recaptcha(V2)),
    lambda: solve("recaptcha_v2_enterprise", "gRecaptchaResponse",
                  recaptcha(CaptchaTypeEnm.ReCaptchaV2EnterpriseTaskProxyLess, key=KEY,
                            request_url=f"{URL}/as/capsolver/")),
    lambda: solve("recaptcha_v3", "gRecaptchaResponse",
                  recaptcha(CaptchaTypeEnm.ReCaptchaV3TaskProxyLess, payload={**PAGE_OF_V2, "pageAction": "login"})),
    lambda: solve("turnstile", "token", Cloudflare(KEY_AS, sleep_time=1).captcha_handler(task_payload=turnstile)),
    lambda: solve("image_to_text", "text", ImageToText(KEY_AS, sleep_time=1).captcha_handler(task_payload={"body": IMAGE})),
)
balances(before, Control(KEY_AS).get_balance()["balance"])
