//! The wire formats, and what the services that speak them promise beside it.
//!
//! Each format is a module that reads requests and writes answers; this is the only place that knows all of them.

use std::fmt;
use std::str::FromStr;

use axum::http::StatusCode;
use bytes::Bytes;
use serde::{Deserialize, Serialize};

use crate::call::{Family, Incoming, Manner, Refusal, Reply};
use crate::{anti_captcha, capsolver, two_captcha};

/// The service whose wire format a simulator speaks; written `anti-captcha`, `2captcha` or `capsolver`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum WireFormat {
    /// anti-captcha.com: JSON, task ids are numbers, errors have numbers, HTTP 200 always.
    #[default]
    #[serde(rename = "anti-captcha")]
    AntiCaptcha,
    /// 2captcha.com's classic API: `/in.php` and `/res.php`, forms and queries in, plain text out or JSON on request.
    #[serde(rename = "2captcha")]
    TwoCaptcha,
    /// capsolver.com: JSON, task ids are UUIDs, errors have HTTP statuses, pictures are read within `createTask`.
    #[serde(rename = "capsolver")]
    Capsolver,
}

/// A request as it came, for a wire format to read.
pub(crate) struct Request<'a> {
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    /// The header of that name; empty where there is none.
    pub(crate) content_type: &'a str,
    pub(crate) body: &'a Bytes,
}

/// An answer as a wire format wrote it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) text: String,
}

impl Written {
    pub(crate) const fn json(status: StatusCode, text: String) -> Self {
        Self { status, content_type: "application/json; charset=utf-8", text }
    }

    pub(crate) const fn plain(text: String) -> Self {
        Self { status: StatusCode::OK, content_type: "text/plain; charset=utf-8", text }
    }
}

/// What a service promises beside its wire format. Times in simulated milliseconds.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Whether unsolvable tasks cost as much as solved ones.
    pub(crate) charges_unsolvable: bool,
    /// For how long a result is kept.
    pub(crate) result_kept_ms: u64,
    /// Whether a result is kept from the task's creation on, instead of from its end on.
    pub(crate) kept_from_creation: bool,
    /// Whether a task is lost to the client that polls it too often.
    pub(crate) loses_overpolled: bool,
    /// A task not solved by then is given up.
    pub(crate) longest_life_ms: u64,
    /// Families that are solved within the reply to their create.
    pub(crate) at_once: &'static [Family],
}

const ANTI_CAPTCHA: Rules = Rules {
    charges_unsolvable: true,
    result_kept_ms: 60_000,
    kept_from_creation: false,
    loses_overpolled: false,
    longest_life_ms: u64::MAX,
    at_once: &[],
};

/// How long results are kept is not documented; a quarter of an hour after the upload is how long reports are taken.
const TWO_CAPTCHA: Rules =
    Rules { charges_unsolvable: false, result_kept_ms: 900_000, kept_from_creation: true, ..ANTI_CAPTCHA };

const CAPSOLVER: Rules = Rules {
    charges_unsolvable: false,
    result_kept_ms: 300_000,
    kept_from_creation: true,
    loses_overpolled: true,
    longest_life_ms: 120_000,
    at_once: &[Family::ImageToText],
};

impl WireFormat {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::AntiCaptcha, Self::TwoCaptcha, Self::Capsolver];

    /// A task's id (see [`crate::Received::task_id`]) as this format's clients see it.
    #[must_use]
    pub fn task_id(self, id: u64) -> String {
        match self {
            Self::AntiCaptcha | Self::TwoCaptcha => id.to_string(),
            Self::Capsolver => capsolver::task_id(id),
        }
    }

    pub(crate) const fn rules(self) -> Rules {
        match self {
            Self::AntiCaptcha => ANTI_CAPTCHA,
            Self::TwoCaptcha => TWO_CAPTCHA,
            Self::Capsolver => CAPSOLVER,
        }
    }

    /// Reads a request.
    pub(crate) async fn read(self, request: &Request<'_>) -> Incoming {
        match self {
            Self::AntiCaptcha => anti_captcha::read(request.path, request.body),
            Self::TwoCaptcha => two_captcha::read(request).await,
            Self::Capsolver => capsolver::read(request.path, request.body),
        }
    }

    /// The error code of a refusal, as answers and the log show it.
    pub(crate) fn code(self, refusal: &Refusal, manner: Manner) -> &str {
        match self {
            Self::AntiCaptcha => anti_captcha::code(refusal),
            Self::TwoCaptcha => two_captcha::code(refusal, manner),
            Self::Capsolver => capsolver::code(refusal),
        }
    }

    /// Writes an answer.
    pub(crate) fn write(self, reply: &Reply, manner: Manner) -> Written {
        match self {
            Self::AntiCaptcha => Written::json(StatusCode::OK, anti_captcha::write(&reply.answer)),
            Self::TwoCaptcha => two_captcha::write(&reply.answer, manner),
            Self::Capsolver => capsolver::write(reply),
        }
    }

    /// An answer that was cut on its way, so that it cannot be read.
    pub(crate) fn write_truncated(self, reply: &Reply, manner: Manner) -> Written {
        let mut written = self.write(reply, manner);
        let is_json = match self {
            Self::AntiCaptcha | Self::Capsolver => true,
            Self::TwoCaptcha => manner.json,
        };
        let middle = if is_json { written.text.len() / 2 } else { 1 };
        // All answers are ASCII but for solutions that a test wrote; those are cut before the letter in the middle.
        let cut = (0..=middle).rev().find(|place| written.text.is_char_boundary(*place)).unwrap_or(0);
        written.text.truncate(cut);
        written
    }

    /// An answer whose values have the wrong types.
    pub(crate) fn wrong_types(self, manner: Manner) -> Written {
        match self {
            Self::AntiCaptcha => Written::json(StatusCode::OK, anti_captcha::WRONG_TYPES.to_owned()),
            Self::TwoCaptcha => two_captcha::wrong_types(manner),
            Self::Capsolver => Written::json(StatusCode::OK, capsolver::WRONG_TYPES.to_owned()),
        }
    }

    /// What the help page says about this service.
    pub(crate) const fn help(self) -> &'static str {
        match self {
            Self::AntiCaptcha => include_str!("anti_captcha/help.txt"),
            Self::TwoCaptcha => include_str!("two_captcha/help.txt"),
            Self::Capsolver => include_str!("capsolver/help.txt"),
        }
    }
}

impl fmt::Display for WireFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::AntiCaptcha => "anti-captcha",
            Self::TwoCaptcha => "2captcha",
            Self::Capsolver => "capsolver",
        })
    }
}

/// Text that names no wire format.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is no wire format; known are anti-captcha, 2captcha and capsolver")]
pub struct NotAWireFormat(String);

impl FromStr for WireFormat {
    type Err = NotAWireFormat;

    fn from_str(text: &str) -> Result<Self, NotAWireFormat> {
        Self::ALL.into_iter().find(|format| format.to_string() == text).ok_or_else(|| NotAWireFormat(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formats_are_read_as_they_are_written_in_text_and_in_settings() {
        for format in WireFormat::ALL {
            assert_eq!(format.to_string().parse::<WireFormat>().unwrap(), format);
            let setting = serde_json::to_string(&format).unwrap();
            assert_eq!(setting, format!("\"{format}\""));
            assert_eq!(serde_json::from_str::<WireFormat>(&setting).unwrap(), format);
        }
        let error = "2Captcha".parse::<WireFormat>().unwrap_err().to_string();
        assert!(WireFormat::ALL.iter().all(|format| error.contains(&format.to_string())), "{error}");
    }

    #[test]
    fn plain_text_is_cut_so_short_that_nothing_can_be_read_from_it() {
        let reply = Reply::prompt(crate::call::Answer::Created(4_294_967_297));
        let cut = |format: WireFormat, json| format.write_truncated(&reply, Manner { json, ..Manner::default() }).text;
        assert_eq!(cut(WireFormat::TwoCaptcha, false), "O");
        for (format, json) in
            [(WireFormat::AntiCaptcha, false), (WireFormat::TwoCaptcha, true), (WireFormat::Capsolver, false)]
        {
            let text = cut(format, json);
            assert!(text.len() > 10 && serde_json::from_str::<serde_json::Value>(&text).is_err(), "{text}");
        }
    }
}
