"""2captcha-python 2.1.2, the classic in.php and res.php, under its usual address."""

import tempfile

from saw import (BAD_KEY, IMAGE, KEY, PAGE, PNG, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, at_once, bad_key, balances, fails,
                 reported, solved, surprise, unsolvable)
from twocaptcha import TwoCaptcha
from twocaptcha.api import ApiException

solver = TwoCaptcha(KEY, pollingInterval=1)
with_details = TwoCaptcha(KEY, pollingInterval=1, extendedResponse=True)
stranger = TwoCaptcha(BAD_KEY, pollingInterval=1)


def solve(family, call):
    answer = call()
    solved(family, answer["code"])
    return answer["captchaId"]


def report(task, correct):
    answer = solver.report(task, correct)
    if answer != "OK_REPORT_RECORDED":
        surprise(f"a report is answered {answer!r}")
    reported("good" if correct else "bad")


def image_file():
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(PNG)
        file.flush()
        solve("image_to_text", lambda: solver.normal(file.name, numeric=0, minLen=2, caseSensitive=1))


bad_key(fails("a bad key", lambda: stranger.recaptcha(SITE_KEY, PAGE), ApiException))
fails("a bad key's balance", stranger.balance, ApiException)
before = solver.balance()
unsolvable(fails("an unsolvable task", lambda: solver.recaptcha(SITE_KEY, PAGE), ApiException))
at_once(
    lambda: report(solve("recaptcha_v2", lambda: solver.recaptcha(SITE_KEY, PAGE)), True),
    lambda: solve("recaptcha_v2_enterprise", lambda: with_details.recaptcha(SITE_KEY, PAGE, enterprise=1)),
    lambda: solve("recaptcha_v3", lambda: solver.recaptcha(SITE_KEY, PAGE, version="v3", action="login", score=0.3)),
    lambda: solve("turnstile", lambda: with_details.turnstile(TURNSTILE_KEY, TURNSTILE_PAGE)),
    lambda: report(solve("image_to_text", lambda: solver.normal(IMAGE)), False),
    image_file,
)
balances(before, solver.balance())
