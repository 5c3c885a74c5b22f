// @2captcha/captcha-solver 1.3.9 with many tasks in flight, each polled every second, by its own option.

import { KEY, PAGE, SITE_KEY, inFlight, library } from './saw.mjs';

const { Solver } = library('@2captcha/captcha-solver');
const solver = new Solver(KEY, 1000);

await inFlight(Number(process.argv[2]), async () => {
  const answer = await solver.recaptcha({ pageurl: PAGE, googlekey: SITE_KEY });
  return answer.data;
});
