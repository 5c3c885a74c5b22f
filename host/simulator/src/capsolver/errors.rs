//! capsolver's error codes and their HTTP statuses.

use axum::http::StatusCode;
use serde::Serialize;

use crate::call::{ProxyFault, Refusal};

/// An error answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorAnswer {
    error_id: u32,
    error_code: String,
    error_description: String,
    /// Clients that look at the status alone would poll on without it.
    status: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    task_id: Option<String>,
}

/// Code and description of every error that the service documents. The first is spelt as the service spells it.
const CATALOGUE: &[(&str, &str)] = &[
    ("ERROR_SERVICE_UNAVALIABLE", "The service is overloaded, try again later"),
    ("ERROR_RATE_LIMIT", "More requests than the package allows"),
    ("ERROR_INVALID_TASK_DATA", "The task's data is wrong"),
    ("ERROR_BAD_REQUEST", "The request is wrong"),
    ("ERROR_TASKID_INVALID", "The task does not exist or has expired"),
    ("ERROR_TASK_TIMEOUT", "The task was not solved within 120 seconds"),
    ("ERROR_SETTLEMENT_FAILED", "The charge could not be settled"),
    ("ERROR_KEY_DENIED_ACCESS", "The key is wrong"),
    ("ERROR_ZERO_BALANCE", "There is not enough money on the account"),
    ("ERROR_TASK_NOT_SUPPORTED", "This type of task is not supported"),
    ("ERROR_CAPTCHA_UNSOLVABLE", "The captcha could not be recognised; it is not charged"),
    ("ERROR_UNKNOWN_QUESTION", "The question is not known"),
    ("ERROR_PROXY_BANNED", "The proxy cannot be used"),
    ("ERROR_INVALID_IMAGE", "The size of the picture is not within the limits"),
    ("ERROR_PARSE_IMAGE_FAIL", "The picture cannot be read, check its base64"),
    ("ERROR_IP_BANNED", "This address is blocked for its many errors"),
    ("ERROR_KEY_TEMP_BLOCKED", "The key is blocked for a while for its many errors"),
];

/// The code of a refusal.
pub(super) fn code(refusal: &Refusal) -> &str {
    match refusal {
        Refusal::KeyUnknown => "ERROR_KEY_DENIED_ACCESS",
        Refusal::NoSlot => "ERROR_SERVICE_UNAVALIABLE",
        Refusal::ImageTooSmall | Refusal::ImageTooBig => "ERROR_INVALID_IMAGE",
        Refusal::ZeroBalance => "ERROR_ZERO_BALANCE",
        Refusal::Unsolvable => "ERROR_CAPTCHA_UNSOLVABLE",
        Refusal::TimedOut => "ERROR_TASK_TIMEOUT",
        Refusal::MethodUnknown => "ERROR_BAD_REQUEST",
        Refusal::ImageType => "ERROR_PARSE_IMAGE_FAIL",
        Refusal::TaskGone | Refusal::TaskIdUnreadable => "ERROR_TASKID_INVALID",
        Refusal::TypeUnknown => "ERROR_TASK_NOT_SUPPORTED",
        Refusal::Unreadable | Refusal::TaskAbsent | Refusal::Field(_) | Refusal::SiteKey => "ERROR_INVALID_TASK_DATA",
        // The only code that the service documents for proxies.
        Refusal::Proxy(_) => "ERROR_PROXY_BANNED",
        Refusal::Throttled | Refusal::TooManyOpen => "ERROR_RATE_LIMIT",
        Refusal::Code(code) => code,
    }
}

/// The HTTP status of a refusal's answer.
pub(super) fn status(refusal: &Refusal) -> StatusCode {
    match code(refusal) {
        "ERROR_KEY_DENIED_ACCESS" => StatusCode::UNAUTHORIZED,
        "ERROR_ZERO_BALANCE" | "ERROR_SETTLEMENT_FAILED" => StatusCode::FORBIDDEN,
        "ERROR_RATE_LIMIT" | "ERROR_IP_BANNED" | "ERROR_KEY_TEMP_BLOCKED" => StatusCode::TOO_MANY_REQUESTS,
        "ERROR_SERVICE_UNAVALIABLE" => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    }
}

/// The answer to a refused request or about a failed task; it names what is at fault.
pub(super) fn write(refusal: &Refusal, task_id: Option<String>) -> ErrorAnswer {
    let code = code(refusal);
    let listed = CATALOGUE.iter().find(|(listed, _)| *listed == code);
    let description = listed.map_or("An error that is not listed", |entry| entry.1);
    let error_description = match detail(refusal) {
        Some(detail) => format!("{description}: {detail}"),
        None => description.to_owned(),
    };
    ErrorAnswer { error_id: 1, error_code: code.to_owned(), error_description, status: "failed", task_id }
}

/// What a code that stands for several faults leaves open.
const fn detail(refusal: &Refusal) -> Option<&str> {
    match refusal {
        Refusal::Field(name) => Some(name),
        Refusal::SiteKey => Some("websiteKey"),
        Refusal::TaskAbsent => Some("task"),
        Refusal::Unreadable => Some("the body must be a JSON object"),
        Refusal::Proxy(fault) => Some(proxy_detail(*fault)),
        Refusal::KeyUnknown
        | Refusal::NoSlot
        | Refusal::ImageTooSmall
        | Refusal::ImageTooBig
        | Refusal::ZeroBalance
        | Refusal::Unsolvable
        | Refusal::TimedOut
        | Refusal::MethodUnknown
        | Refusal::ImageType
        | Refusal::TaskGone
        | Refusal::TaskIdUnreadable
        | Refusal::TypeUnknown
        | Refusal::Throttled
        | Refusal::TooManyOpen
        | Refusal::Code(_) => None,
    }
}

const fn proxy_detail(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::ConnectRefused => "connection refused",
        ProxyFault::ConnectTimeout => "connection timed out",
        ProxyFault::ReadTimeout => "reading timed out",
        ProxyFault::Banned => "banned by the target",
        ProxyFault::Transparent => "transparent",
        ProxyFault::NoImages => "no pictures come through",
        ProxyFault::HttpVersion => "its HTTP version does not do",
        ProxyFault::NotAuthorised => "login or password wrong",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_code_of_the_catalogue_and_the_status_of_its_class() {
        let cases = [
            (Refusal::KeyUnknown, 401),
            (Refusal::ZeroBalance, 403),
            (Refusal::Throttled, 429),
            (Refusal::TooManyOpen, 429),
            (Refusal::NoSlot, 503),
            (Refusal::ImageTooSmall, 400),
            (Refusal::ImageTooBig, 400),
            (Refusal::ImageType, 400),
            (Refusal::Unsolvable, 400),
            (Refusal::TimedOut, 400),
            (Refusal::MethodUnknown, 400),
            (Refusal::Unreadable, 400),
            (Refusal::TaskGone, 400),
            (Refusal::TaskIdUnreadable, 400),
            (Refusal::TaskAbsent, 400),
            (Refusal::TypeUnknown, 400),
            (Refusal::Field("websiteURL"), 400),
            (Refusal::SiteKey, 400),
            (Refusal::Proxy(ProxyFault::Banned), 400),
            (Refusal::Code("ERROR_KEY_TEMP_BLOCKED".to_owned()), 429),
        ];
        for (refusal, expected) in cases {
            assert_eq!(status(&refusal).as_u16(), expected, "{refusal:?}");
            let code = code(&refusal);
            assert!(CATALOGUE.iter().any(|(listed, _)| *listed == code), "{code}");
        }
        let own = Refusal::Code("ERROR_OF_MY_OWN".to_owned());
        assert_eq!((code(&own), status(&own).as_u16()), ("ERROR_OF_MY_OWN", 400));
    }

    #[test]
    fn what_a_code_leaves_open_is_named() {
        let described = |refusal| write(&refusal, None).error_description;
        assert!(described(Refusal::Field("pageAction")).ends_with(": pageAction"));
        assert!(described(Refusal::SiteKey).ends_with(": websiteKey"));
        let proxies: std::collections::BTreeSet<String> =
            ProxyFault::ALL.into_iter().map(|fault| described(Refusal::Proxy(fault))).collect();
        assert_eq!(proxies.len(), ProxyFault::ALL.len());
    }
}
