"""python3-anticaptcha 2.3.0 under its literal address; the dialect is chosen by the key."""

import logging

from python3_anticaptcha.control import Control
from python3_anticaptcha.core.enum import CaptchaTypeEnm
from python3_anticaptcha.image_to_text import ImageToText
from python3_anticaptcha.recaptcha_v2 import ReCaptchaV2
from python3_anticaptcha.recaptcha_v3 import ReCaptchaV3
from python3_anticaptcha.turnstile import Turnstile
from saw import (BAD_KEY, KEY, PAGE, PNG, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, at_once, bad_key, balances, reported,
                 solved, surprise, unsolvable)

logging.disable()
KEY_AS = f"{KEY}__anticaptcha"
control = Control(KEY_AS)


def recaptcha_v2(key=KEY_AS, captcha_type=CaptchaTypeEnm.RecaptchaV2TaskProxyless):
    return ReCaptchaV2(key, captcha_type, PAGE, SITE_KEY, sleep_time=1).captcha_handler()


def code(what, answer):
    if answer["errorId"] == 0:
        surprise(f"{what} is answered {answer}")
    return answer["errorCode"]


def solve(family, field, answer):
    if answer["errorId"] != 0 or answer["status"] != "ready":
        surprise(f"{family} is answered {answer}")
    solved(family, answer["solution"][field])
    return answer["taskId"]


def report(kind, answer):
    if answer.get("errorId") != 0 or answer.get("status") != "success":
        surprise(f"the report {kind} is answered {answer}")
    reported(kind)


bad_key(code("a bad key", recaptcha_v2(key=f"{BAD_KEY}__anticaptcha")))
code("a bad key's balance", Control(f"{BAD_KEY}__anticaptcha").get_balance())
before = control.get_balance()["balance"]
unsolvable(code("an unsolvable task", recaptcha_v2()))


def v2():
    task = solve("recaptcha_v2", "gRecaptchaResponse", recaptcha_v2())
    report("incorrect recaptcha", control.report_incorrect_recaptcha(task))


def v3():
    solver = ReCaptchaV3(KEY_AS, PAGE, SITE_KEY, 0.9, "login", sleep_time=1)
    task = solve("recaptcha_v3", "gRecaptchaResponse", solver.captcha_handler())
    report("correct recaptcha", Control(KEY_AS).report_correct_recaptcha(task))


def turnstile():
    kind = CaptchaTypeEnm.TurnstileTaskProxyless
    solver = Turnstile(KEY_AS, kind, TURNSTILE_PAGE, TURNSTILE_KEY, sleep_time=1)
    solve("turnstile", "token", solver.captcha_handler())


def image():
    task = solve("image_to_text", "text", ImageToText(KEY_AS, sleep_time=1).captcha_handler(captcha_base64=PNG))
    report("incorrect image", Control(KEY_AS).report_incorrect_image(task))


enterprise = CaptchaTypeEnm.RecaptchaV2EnterpriseTaskProxyless
at_once(
    v2, v3, turnstile, image,
    lambda: solve("recaptcha_v2_enterprise", "gRecaptchaResponse", recaptcha_v2(captcha_type=enterprise)),
)
balances(before, control.get_balance()["balance"])
