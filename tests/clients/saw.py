"""What the scripts share: where the gateway is, what is sent to it, and how they say what they saw.

The first task that a script creates is one that the provider cannot solve. Each thing seen is one line on stdout; what
nobody expected ends the script with a complaint.
"""

import base64
import os
import sys
from concurrent.futures import ThreadPoolExecutor

URL, KEY, BAD_KEY = (os.environ[f"CAPSTAN_{name}"] for name in ("URL", "KEY", "BAD_KEY"))
PAGE, SITE_KEY = "https://www.google.com/recaptcha/api2/demo", "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-"
TURNSTILE_PAGE, TURNSTILE_KEY = "https://example.com/", "0x4AAAAAAADnPIDROrmt1Wwj"
PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ" + "AAAA" * 60)
IMAGE = base64.b64encode(PNG).decode()


def surprise(what):
    sys.exit(f"unexpected: {what}")


def say(line):
    # In one write, so that lines of threads do not run into each other.
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def solved(family, answer):
    if not isinstance(answer, str) or not answer:
        surprise(f"{family} is answered {answer!r}")
    if "recaptcha" in family and not answer.startswith("03AF"):
        surprise(f"{family} is answered {answer!r}")
    say(f"solved {family}")


def bad_key(code):
    say(f"bad key {code}")


def unsolvable(code):
    say(f"unsolvable {code}")


def reported(kind):
    say(f"reported {kind}")


def balances(before, after):
    if not float(before) > float(after) > 0:
        surprise(f"balance {before!r} before and {after!r} after")
    say(f"balance {after}")


def fails(what, call, error):
    """The exception of this kind that the call must end with."""
    try:
        answer = call()
    except error as caught:
        return caught
    surprise(f"{what} is answered {answer!r}")


def at_once(*calls):
    """Makes the calls at the same time: the libraries wait for seconds between their polls."""
    with ThreadPoolExecutor(len(calls)) as pool:
        for done in [pool.submit(call) for call in calls]:
            done.result()
