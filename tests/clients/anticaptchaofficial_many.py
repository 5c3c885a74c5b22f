"""anticaptchaofficial 1.0.72 with many tasks in flight, each polled every second as the library does."""

import sys

from anticaptchaofficial.recaptchav2proxyless import recaptchaV2Proxyless
from saw import KEY, PAGE, SITE_KEY, in_flight, surprise

COUNT = int(sys.argv[1])


def solve():
    solver = recaptchaV2Proxyless()
    solver.set_key(f"{KEY}__anticaptcha")
    solver.set_website_url(PAGE)
    solver.set_website_key(SITE_KEY)
    return solver.solve_and_return_solution() or surprise(solver.err_string)


recaptchaV2Proxyless().set_poolSize(1, COUNT)
in_flight(COUNT, solve)
