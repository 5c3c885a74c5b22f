"""unicaps 1.3.0 under its literal addresses: anti-captcha's JSON with the dialect in the key, and 2captcha's classic calls."""

from saw import (BAD_KEY, KEY, PAGE, PNG, SITE_KEY, at_once, bad_key, balances, fails, reported, solved, surprise, unsolvable)
from unicaps import CaptchaSolver, exceptions
from unicaps.captcha import RecaptchaV2


json, classic = CaptchaSolver("anti-captcha.com", f"{KEY}__anticaptcha"), CaptchaSolver("2captcha.com", KEY)


def code(error):
    return str(error).partition(":")[0]


def solve(family, answer):
    solved(family, str(answer.solution))
    return answer


def report(kind, done):
    if done is not True:
        surprise(f"the report {kind} is answered {done!r}")
    reported(kind)


stranger = CaptchaSolver("anti-captcha.com", f"{BAD_KEY}__anticaptcha")
bad_key(code(fails("a bad key", lambda: stranger.solve_recaptcha_v2(SITE_KEY, PAGE), exceptions.AccessDeniedError)))
fails("a bad key's balance", CaptchaSolver("2captcha.com", BAD_KEY).get_balance, exceptions.AccessDeniedError)
before = json.get_balance()
doomed = json.create_task(RecaptchaV2(SITE_KEY, PAGE))
at_once(
    lambda: unsolvable(code(fails("an unsolvable task", doomed.wait, exceptions.UnableToSolveError))),
    lambda: report("bad", solve("recaptcha_v2", json.solve_recaptcha_v2(SITE_KEY, PAGE)).report_bad(raise_exc=True)),
    lambda: solve("recaptcha_v3", json.solve_recaptcha_v3(SITE_KEY, PAGE, action="login", min_score=0.3)),
    lambda: report("bad", solve("image_to_text", json.solve_image_captcha(PNG)).report_bad(raise_exc=True)),
    lambda: report("good", solve("recaptcha_v2", classic.solve_recaptcha_v2(SITE_KEY, PAGE)).report_good(raise_exc=True)),
    lambda: solve("image_to_text", classic.solve_image_captcha(PNG)),
)
balances(before, classic.get_balance())
