//! Which methods take reports on solutions. Reports end 60 s after the solve, and there is one for each task.
//!
//! Source: `reportIncorrectImageCaptcha`, `reportIncorrectRecaptcha`, `reportCorrectRecaptcha` and
//! `reportIncorrectHcaptcha` under <https://anti-captcha.com/apidoc/methods>.

use create_task::Reports;

/// Right solutions put their worker at the front of the queue, wrong ones at its end.
pub(crate) const RECAPTCHA: Reports =
    Reports { correct: Some("/reportCorrectRecaptcha"), incorrect: Some("/reportIncorrectRecaptcha") };
/// Complaints only; no refund is promised.
pub(crate) const HCAPTCHA: Reports = Reports { correct: None, incorrect: Some("/reportIncorrectHcaptcha") };
/// Complaints only; checked by moderators and refunded.
pub(crate) const IMAGE: Reports = Reports { correct: None, incorrect: Some("/reportIncorrectImageCaptcha") };
