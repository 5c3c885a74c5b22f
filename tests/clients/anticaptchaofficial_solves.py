"""anticaptchaofficial, unmodified, against the gateway: its literal address is rewritten in its HTTP session."""

import base64
import os
import sys
import tempfile

from anticaptchaofficial import antinetworking
from anticaptchaofficial.imagecaptcha import imagecaptcha
from anticaptchaofficial.recaptchav2proxyless import recaptchaV2Proxyless
from anticaptchaofficial.turnstileproxyless import turnstileProxyless

GATEWAY, KEY = os.environ["CAPSTAN_URL"], os.environ["CAPSTAN_KEY"]
original = antinetworking.session.request


def at_the_gateway(method, url, *args, **kwargs):
    return original(method, url.replace("https://api.anti-captcha.com", GATEWAY), *args, **kwargs)


antinetworking.session.request = at_the_gateway


def check(name, solver, answer):
    if not answer:
        sys.exit(f"{name}: {solver.err_string} {solver.error_code}")
    print(f"solved {name}: {str(answer)[:40]}")


solver = recaptchaV2Proxyless()
solver.set_key(KEY)
solver.set_website_url("https://www.google.com/recaptcha/api2/demo")
solver.set_website_key("6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-")
before = solver.get_balance()
check("recaptcha v2", solver, solver.solve_and_return_solution())

solver = turnstileProxyless()
solver.set_key(KEY)
solver.set_website_url("https://example.com/")
solver.set_website_key("0x4AAAAAAADnPIDROrmt1Wwj")
check("turnstile", solver, solver.solve_and_return_solution())

solver = imagecaptcha()
solver.set_key(KEY)
png = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" + "AAAA" * 60)
with tempfile.NamedTemporaryFile(suffix=".png") as image:
    image.write(png)
    image.flush()
    check("image", solver, solver.solve_and_return_solution(image.name))

after = solver.get_balance()
if not before > after > 0:
    sys.exit(f"balance: {before} before, {after} after")
