// What the scripts share: where the gateway is, what is sent to it, and how they say what they saw (see saw.py).

import { createRequire } from 'node:module';

export const { CAPSTAN_URL: URL, CAPSTAN_KEY: KEY, CAPSTAN_BAD_KEY: BAD_KEY } = process.env;
export const PAGE = 'https://www.google.com/recaptcha/api2/demo';
export const SITE_KEY = '6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-';
export const TURNSTILE_PAGE = 'https://example.com/';
export const TURNSTILE_KEY = '0x4AAAAAAADnPIDROrmt1Wwj';
export const IMAGE = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ' + 'AAAA'.repeat(60);

// The libraries are installed in a folder of their own, where `import` does not look.
export const library = createRequire(`${process.env.CAPSTAN_MODULES}/`);

export function surprise(what) {
  console.error(`unexpected: ${what}`);
  process.exit(1);
}

export function solved(family, answer) {
  const isRight = typeof answer === 'string' && answer && (!family.includes('recaptcha') || answer.startsWith('03AF'));
  if (!isRight) surprise(`${family} is answered ${JSON.stringify(answer)}`);
  console.log(`solved ${family}`);
}

export const badKey = (code) => console.log(`bad key ${code}`);
export const unsolvable = (code) => console.log(`unsolvable ${code}`);
export const reported = (kind) => console.log(`reported ${kind}`);

export function balances(before, after) {
  if (!(Number(before) > Number(after) && Number(after) > 0)) surprise(`balance ${before} before and ${after} after`);
  console.log(`balance ${after}`);
}

// What the promise is rejected with, as it must be.
export async function fails(what, promise) {
  let answer;
  try {
    answer = await promise;
  } catch (error) {
    return error;
  }
  return surprise(`${what} is answered ${JSON.stringify(answer)}`);
}

// Solves so many tasks at the same time; every one must have an answer of its own. They begin one after the other: a program
// that comes to have hundreds in flight did not begin them in one moment.
export async function inFlight(count, solve) {
  const begun = [];
  for (let task = 0; task < count; task += 1) {
    // Whatever fails ends the script: the other tasks may be held until all are in flight.
    begun.push(solve().catch((error) => surprise(error)));
    await new Promise((go) => { setTimeout(go, 20); });
  }
  const answers = new Set(await Promise.all(begun));
  if (answers.size !== count || answers.has(undefined)) surprise(`${count} tasks have ${answers.size} answers`);
  console.log(`delivered ${count}`);
}
