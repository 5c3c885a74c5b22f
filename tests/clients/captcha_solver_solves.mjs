// @2captcha/captcha-solver 1.3.9, the classic in.php and res.php, under its literal address.

import {
  BAD_KEY, IMAGE, KEY, PAGE, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, badKey, balances, fails, library, reported, solved,
  surprise, unsolvable,
} from './saw.mjs';

const { APIError, Solver } = library('@2captcha/captcha-solver');
const solver = new Solver(KEY, 1000);
const stranger = new Solver(BAD_KEY, 1000);
const v2 = { pageurl: PAGE, googlekey: SITE_KEY };

async function code(what, promise) {
  const error = await fails(what, promise);
  if (!(error instanceof APIError)) surprise(`${what} ends with ${error}`);
  return error.err;
}

async function solve(family, promise) {
  const answer = await promise;
  solved(family, answer.data);
  return answer.id;
}

async function report(kind, promise) {
  const answer = await promise;
  if (answer !== 'OK_REPORT_RECORDED') surprise(`a report is answered ${answer}`);
  reported(kind);
}

badKey(await code('a bad key', stranger.recaptcha(v2)));
const before = await solver.balance();
unsolvable(await code('an unsolvable task', solver.recaptcha(v2)));
await Promise.all([
  solve('recaptcha_v2', solver.recaptcha(v2)).then((id) => report('good', solver.goodReport(id))),
  solve('recaptcha_v2_enterprise', solver.recaptcha({ ...v2, enterprise: 1 })),
  solve('recaptcha_v3', solver.recaptcha({ ...v2, version: 'v3', action: 'login', min_score: 0.3 })),
  solve('turnstile', solver.cloudflareTurnstile({ pageurl: TURNSTILE_PAGE, sitekey: TURNSTILE_KEY })),
  solve('image_to_text', solver.imageCaptcha({ body: IMAGE })).then((id) => report('bad', solver.badReport(id))),
]);
balances(before, await solver.balance());
