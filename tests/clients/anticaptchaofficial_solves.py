"""anticaptchaofficial 1.0.72 under its literal address; the dialect is chosen by the key."""

import tempfile

from anticaptchaofficial.imagecaptcha import imagecaptcha
from anticaptchaofficial.recaptchav2enterpriseproxyless import recaptchaV2EnterpriseProxyless
from anticaptchaofficial.recaptchav2proxyless import recaptchaV2Proxyless
from anticaptchaofficial.recaptchav3proxyless import recaptchaV3Proxyless
from anticaptchaofficial.turnstileproxyless import turnstileProxyless
from saw import (BAD_KEY, KEY, PAGE, PNG, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, at_once, bad_key, balances, reported,
                 solved, surprise, unsolvable)


def made(kind, key=KEY, page=PAGE, site_key=SITE_KEY):
    solver = kind()
    solver.set_key(f"{key}__anticaptcha")
    solver.set_website_url(page)
    solver.set_website_key(site_key)
    return solver


def code(what, solver):
    answer = solver.solve_and_return_solution()
    if answer != 0 or not solver.error_code:
        surprise(f"{what} is answered {answer!r} {solver.err_string!r}")
    return solver.error_code


def solve(family, solver, *args):
    answer = solver.solve_and_return_solution(*args)
    if not answer:
        surprise(f"{family}: {solver.err_string}")
    solved(family, answer)
    return solver


def report(kind, answer):
    if answer.get("errorId") != 0 or answer.get("status") != "success":
        surprise(f"the report {kind} is answered {answer}")
    reported(kind)


def recaptcha_v2():
    solver = solve("recaptcha_v2", made(recaptchaV2Proxyless))
    report("incorrect recaptcha", solver.report_incorrect_recaptcha())


def recaptcha_v3():
    solver = made(recaptchaV3Proxyless)
    solver.set_page_action("login")
    solve("recaptcha_v3", solver)
    report("correct recaptcha", solver.report_correct_recaptcha())


def image():
    solver = made(imagecaptcha)
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        file.write(PNG)
        file.flush()
        solve("image_to_text", solver, file.name)
    report("incorrect image", solver.report_incorrect_image_captcha())


bad_key(code("a bad key", made(recaptchaV2Proxyless, key=BAD_KEY)))
client = made(recaptchaV2Proxyless)
before = client.get_balance()
unsolvable(code("an unsolvable task", client))
at_once(
    recaptcha_v2,
    lambda: solve("recaptcha_v2_enterprise", made(recaptchaV2EnterpriseProxyless)),
    recaptcha_v3,
    lambda: solve("turnstile", made(turnstileProxyless, page=TURNSTILE_PAGE, site_key=TURNSTILE_KEY)),
    image,
)
balances(before, client.get_balance())
