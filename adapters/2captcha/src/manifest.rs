//! Who the provider is and how it wants to be asked.
//!
//! Source: the chapters "Solving Captchas" and "Request limits" of <https://2captcha.com/2captcha-api>.

use adapter_kit::{Abilities, CredentialField, Manifest, PollLimits, ServedType, json_text};
use serde_json::json;

use crate::families::{self, Family};
use crate::{key_in_form, key_in_query};

/// Images are asked about five seconds after they were sent; tokens later, which `in.php`'s answer cannot say and
/// `families` does.
const FIRST_WAIT_MS: u32 = 5_000;
/// "If captcha is not solved yet, retry in 5 seconds." Tokens have a longer gap of their own in `families`: an account
/// that asks more than twenty times for each task is blocked for five minutes (`ERROR: 1005`).
const INTERVAL_MS: u32 = 5_000;
/// A worker has 300 s for a reCAPTCHA and 90 s for an image.
const LONGEST_LIFE_MS: u32 = 300_000;
/// For fifteen minutes after it was sent a task is surely known: so long reports are taken.
const RESULT_KEPT_MS: u32 = 900_000;

/// The manifest.
pub(crate) fn manifest() -> Manifest {
    Manifest {
        provider_id: "2captcha".to_owned(),
        display_name: "2Captcha".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        homepage: "https://2captcha.com".to_owned(),
        base_url: "https://2captcha.com".to_owned(),
        hosts: Vec::new(),
        credential: vec![CredentialField::new(
            "key",
            "API key",
            "32 characters, shown on the dashboard and in Settings",
        )],
        placements: vec![key_in_form(), key_in_query()],
        task_types: families::all().map(served).collect(),
        polling: PollLimits {
            first_wait_ms: FIRST_WAIT_MS,
            interval_ms: INTERVAL_MS,
            // The documented cap of twenty is kept by the gaps; fewer polls here would make the host stretch those of
            // images, which are given up after 90 s.
            max_polls: LONGEST_LIFE_MS.div_ceil(INTERVAL_MS),
            longest_life_ms: LONGEST_LIFE_MS,
            result_kept_ms: RESULT_KEPT_MS,
            // `action=get&ids=…` answers `one|another|CAPCHA_NOT_READY`, without an `OK|`: a text that itself holds a
            // `|`, or reads like a code, shifts or forges the answers of its neighbours, and neither the price nor the
            // user agent is in them. So one task is asked about at a time.
            max_batch: 1,
        },
        abilities: Abilities::BALANCE | Abilities::REPORT,
    }
}

fn served(family: &Family) -> ServedType {
    let schema = (!family.needs.is_empty()).then(|| json_text(&json!({ "required": family.needs })));
    ServedType { schema, ..ServedType::new(family.name, family.proxy, family.list_price) }
}
