// @zennolab_com/capmonstercloud-client 2.6.1, pointed at the gateway by its own option, of which it uses host and port
// alone; the dialect is chosen by the key.

import {
  BAD_KEY, IMAGE, KEY, PAGE, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, URL, badKey, balances, fails, library, solved, surprise,
  unsolvable,
} from './saw.mjs';

const {
  CapMonsterCloudClientFactory, ClientOptions, ImageToTextRequest, RecaptchaV2EnterpriseRequest, RecaptchaV2Request,
  RecaptchaV3ProxylessRequest, TurnstileRequest,
} = library('@zennolab_com/capmonstercloud-client');
const made = (clientKey) => CapMonsterCloudClientFactory.Create(new ClientOptions({ clientKey, serviceUrl: URL }));
const client = made(`${KEY}__anticaptcha`);
const stranger = made(`${BAD_KEY}__anticaptcha`);
const page = { websiteURL: PAGE, websiteKey: SITE_KEY };

async function code(what, promise) {
  const answer = await promise;
  if (!answer.error) surprise(`${what} is answered ${JSON.stringify(answer)}`);
  return answer.error;
}

async function solve(family, field, request) {
  const answer = await client.Solve(request);
  if (answer.error) surprise(`${family} is answered ${JSON.stringify(answer)}`);
  solved(family, answer.solution[field]);
}

badKey(await code('a bad key', stranger.Solve(new RecaptchaV2Request(page))));
await fails('a bad key\'s balance', stranger.getBalance());
const before = (await client.getBalance()).balance;
unsolvable(await code('an unsolvable task', client.Solve(new RecaptchaV2Request(page))));
await Promise.all([
  solve('recaptcha_v2', 'gRecaptchaResponse', new RecaptchaV2Request(page)),
  solve('recaptcha_v2_enterprise', 'gRecaptchaResponse', new RecaptchaV2EnterpriseRequest(page)),
  solve('recaptcha_v3', 'gRecaptchaResponse', new RecaptchaV3ProxylessRequest({ ...page, minScore: 0.3, pageAction: 'login' })),
  solve('turnstile', 'token', new TurnstileRequest({ websiteURL: TURNSTILE_PAGE, websiteKey: TURNSTILE_KEY })),
  solve('image_to_text', 'text', new ImageToTextRequest({ body: IMAGE })),
]);
balances(before, (await client.getBalance()).balance);
