//! The tables of what CapMonster Cloud serves.
//!
//! Sources: the pages below <https://docs.capmonster.cloud/docs/captchas/>, one for each kind, named at each table. Prices
//! are drawn by a script there; 0.60 for 1000 reCAPTCHA v2 and 0.90 for v3 are published elsewhere
//! (<https://pypi.org/project/capmonstercloudclient/>, <https://github.com/TheGP/Everything-About-Captchas>), 0.0005 is in
//! the samples of recognition. All others are cautious: a price below the cost is paid by whoever owns the key.
//!
//! Not served, though there once was a page or is a draft of one: hCaptcha, Castle, Temu, and the images of hCaptcha and
//! FunCaptcha.

mod pictures;
mod sites;
mod tokens;

use adapter_kit::Rule::Send;
use create_task::{Family, Reports, Row};

use crate::parameters;

pub(crate) use pictures::FAMILIES as PICTURES;
pub(crate) use sites::FAMILIES as SITES;
pub(crate) use tokens::FAMILIES as TOKENS;

/// What an entry means where it says nothing else: a token for a site key, at a cautious price.
const TOKEN: Family = Family { list_price: "0.003", proxy: parameters::proxy, ..Family::PLAIN };

/// Complaints on tokens of reCAPTCHA, GeeTest and Turnstile; there is no praise.
///
/// Source of both: <https://docs.capmonster.cloud/docs/api/bad-tokens/>.
const TOKEN_REPORTS: Reports = Reports { correct: None, incorrect: Some("/reportIncorrectTokenCaptcha") };
/// Complaints on images.
const IMAGE_REPORTS: Reports = Reports { correct: None, incorrect: Some("/reportIncorrectImageCaptcha") };

const URL: Row = ("websiteURL", Send("websiteURL"));
const KEY: Row = ("websiteKey", Send("websiteKey"));
/// One that the provider does not play any more is an error before any work, and another candidate gets the task.
const USER_AGENT: Row = ("userAgent", Send("userAgent"));
