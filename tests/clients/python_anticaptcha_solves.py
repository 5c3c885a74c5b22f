"""python-anticaptcha 2.0.0, pointed at the gateway by its own option, which drops a path; the dialect is chosen by the key."""

from urllib.parse import urlsplit

from python_anticaptcha import AnticaptchaClient, AnticaptchaException
from python_anticaptcha.tasks import (ImageToTextTask, RecaptchaV2EnterpriseTaskProxyless, RecaptchaV2TaskProxyless,
                                      RecaptchaV3TaskProxyless)
from saw import (BAD_KEY, KEY, PAGE, PNG, SITE_KEY, URL, at_once, bad_key, balances, fails, reported, solved, surprise,
                 unsolvable)


def made(key):
    return AnticaptchaClient(f"{key}__anticaptcha", host=urlsplit(URL).netloc, use_ssl=False)


def job(task):
    created = made(KEY).create_task(task)
    created.join(backoff=True)
    return created


def solve(family, task):
    done = job(task)
    solved(family, done.get_solution_response())
    return done.task_id


def report(kind, answer):
    if answer is not True:
        surprise(f"the report {kind} is answered {answer!r}")
    reported(kind)


def image():
    done = job(ImageToTextTask(image=PNG))
    solved("image_to_text", done.get_captcha_text())
    report("incorrect image", client.report_incorrect_image(done.task_id))


client = made(KEY)
bad_key(fails("a bad key", lambda: made(BAD_KEY).create_task(RecaptchaV2TaskProxyless(PAGE, SITE_KEY)),
              AnticaptchaException).error_code)
before = client.get_balance()
unsolvable(fails("an unsolvable task", lambda: job(RecaptchaV2TaskProxyless(PAGE, SITE_KEY)), AnticaptchaException).error_code)
at_once(
    lambda: report("incorrect recaptcha", made(KEY).report_incorrect_recaptcha(
        solve("recaptcha_v2", RecaptchaV2TaskProxyless(PAGE, SITE_KEY)))),
    lambda: solve("recaptcha_v2_enterprise", RecaptchaV2EnterpriseTaskProxyless(PAGE, SITE_KEY, None, None)),
    lambda: solve("recaptcha_v3", RecaptchaV3TaskProxyless(PAGE, SITE_KEY, min_score=0.9, page_action="login")),
    image,
)
balances(before, client.get_balance())
