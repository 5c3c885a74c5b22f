"""captchatools 1.5.0 in its capsolver mode: it sends the same createTask up to fifty times when the answer has no status.

The argument is the dialect that its key asks for.
"""

import sys

import captchatools
from saw import KEY, PAGE, SITE_KEY, fails, say, solved

DIALECT = sys.argv[1]
harvester = captchatools.new_harvester(
    solving_site="capsolver", api_key=f"{KEY}__{DIALECT}", sitekey=SITE_KEY, captcha_url=PAGE, captcha_type="v2")
if DIALECT == "capsolver":
    solved("recaptcha_v2", harvester.get_token())
else:
    # After fifty answers without a status it has nothing to unpack.
    fails("the wrong dialect", harvester.get_token, TypeError)
    say("gave up")
