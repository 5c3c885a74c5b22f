// @zennolab_com/capmonstercloud-client 2.6.1 with many tasks in flight, each polled every second, by its own option.

import { KEY, PAGE, SITE_KEY, URL, inFlight, library, surprise } from './saw.mjs';

const { CapMonsterCloudClientFactory, ClientOptions, RecaptchaV2Request } = library('@zennolab_com/capmonstercloud-client');
const options = new ClientOptions({ clientKey: `${KEY}__anticaptcha`, serviceUrl: URL });
const client = CapMonsterCloudClientFactory.Create(options);
const everySecond = { firstRequestDelay: 1000, requestsInterval: 1000, timeout: 300_000 };

await inFlight(Number(process.argv[2]), async () => {
  const answer = await client.Solve(new RecaptchaV2Request({ websiteURL: PAGE, websiteKey: SITE_KEY }), everySecond);
  return answer.error ? surprise(answer.error) : answer.solution.gRecaptchaResponse;
});
