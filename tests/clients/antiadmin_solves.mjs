// @antiadmin/anticaptchaofficial 1.0.56 under its literal address; the dialect is chosen by the key.

import {
  BAD_KEY, IMAGE, KEY, PAGE, SITE_KEY, TURNSTILE_KEY, TURNSTILE_PAGE, badKey, balances, fails, library, reported, solved,
  unsolvable,
} from './saw.mjs';

// The library is one object with the last task in it, so its tasks come one after the other.
const client = library('@antiadmin/anticaptchaofficial');
client.shutUp();
client.settings.firstAttemptWaitingInterval = 1;
client.settings.normalWaitingInterval = 1;

client.setAPIKey(`${BAD_KEY}__anticaptcha`);
badKey(await fails('a bad key', client.solveRecaptchaV2Proxyless(PAGE, SITE_KEY)));
await fails('a bad key\'s balance', client.getBalance());

client.setAPIKey(`${KEY}__anticaptcha`);
const before = await client.getBalance();
unsolvable(await fails('an unsolvable task', client.solveRecaptchaV2Proxyless(PAGE, SITE_KEY)));

solved('recaptcha_v2', await client.solveRecaptchaV2Proxyless(PAGE, SITE_KEY));
if (await client.reportIncorrectRecaptcha()) reported('incorrect recaptcha');
solved('recaptcha_v2_enterprise', await client.solveRecaptchaV2EnterpriseProxyless(PAGE, SITE_KEY, null));
solved('recaptcha_v3', await client.solveRecaptchaV3(PAGE, SITE_KEY, 0.3, 'login'));
if (await client.reportCorrectRecaptcha()) reported('correct recaptcha');
solved('turnstile', await client.solveTurnstileProxyless(TURNSTILE_PAGE, TURNSTILE_KEY));
solved('image_to_text', await client.solveImage(IMAGE));
if (await client.reportIncorrectImageCaptcha()) reported('incorrect image');
balances(before, await client.getBalance());
