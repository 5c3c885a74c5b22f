//! anti-captcha's error catalogue.

use serde::Serialize;

use crate::call::{ProxyFault, Refusal};

/// An error answer.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ErrorAnswer {
    error_id: u32,
    error_code: String,
    error_description: String,
}

/// Number, code and description of every error that the service documents.
const CATALOGUE: &[(u32, &str, &str)] = &[
    (1, "ERROR_KEY_DOES_NOT_EXIST", "Account authorization key not found in the system"),
    (2, "ERROR_NO_SLOT_AVAILABLE", "No idle workers are available at the moment, try a bit later or raise your bid"),
    (3, "ERROR_ZERO_CAPTCHA_FILESIZE", "The size of the captcha is less than 100 bytes"),
    (4, "ERROR_TOO_BIG_CAPTCHA_FILESIZE", "The size of the captcha is more than 500,000 bytes"),
    (10, "ERROR_ZERO_BALANCE", "Account has zero or negative balance"),
    (11, "ERROR_IP_NOT_ALLOWED", "Requests with this key are not allowed from this address"),
    (12, "ERROR_CAPTCHA_UNSOLVABLE", "Captcha could not be solved by 5 different workers"),
    (13, "ERROR_BAD_DUPLICATES", "100% recognition did not work, not enough equal answers"),
    (14, "ERROR_NO_SUCH_METHOD", "Request made to a method that does not exist"),
    (15, "ERROR_IMAGE_TYPE_NOT_SUPPORTED", "Could not determine the type of the captcha file, use JPG, GIF or PNG"),
    (16, "ERROR_NO_SUCH_CAPCHA_ID", "Task not found in your current list, or it has expired"),
    (20, "ERROR_EMPTY_COMMENT", "The comment property is required for this request"),
    (21, "ERROR_IP_BLOCKED", "Your address is blocked because of improper use of the API"),
    (22, "ERROR_TASK_ABSENT", "The task property is empty or not set in createTask"),
    (23, "ERROR_TASK_NOT_SUPPORTED", "Task type is not supported or misspelt, check the type property"),
    (24, "ERROR_INCORRECT_SESSION_DATA", "Some of the values required for this task are missing or wrong"),
    (25, "ERROR_PROXY_CONNECT_REFUSED", "Could not connect to the proxy, connection refused"),
    (26, "ERROR_PROXY_CONNECT_TIMEOUT", "Could not connect to the proxy, connection timed out"),
    (27, "ERROR_PROXY_READ_TIMEOUT", "Reading from the proxy timed out"),
    (28, "ERROR_PROXY_BANNED", "The proxy is banned by the target service"),
    (29, "ERROR_PROXY_TRANSPARENT", "The proxy is transparent, it shows the address of its client"),
    (30, "ERROR_RECAPTCHA_TIMEOUT", "Recaptcha task timed out, the proxy or the target service may be slow"),
    (31, "ERROR_RECAPTCHA_INVALID_SITEKEY", "The site key is not valid"),
    (32, "ERROR_RECAPTCHA_INVALID_DOMAIN", "The site key is not valid for this domain"),
    (33, "ERROR_RECAPTCHA_OLD_BROWSER", "The user agent is not accepted by the target service"),
    (34, "ERROR_TOKEN_EXPIRED", "The additional one-time value has lapsed"),
    (35, "ERROR_PROXY_HAS_NO_IMAGE_SUPPORT", "The proxy does not pass images"),
    (36, "ERROR_PROXY_INCOMPATIBLE_HTTP_VERSION", "The proxy does not support long headers or its HTTP version"),
    (49, "ERROR_PROXY_NOT_AUTHORISED", "The proxy's login or password is wrong"),
    (50, "ERROR_FUNCAPTCHA_NOT_ALLOWED", "This task type needs a permission that the account does not have"),
    (51, "ERROR_INVISIBLE_RECAPTCHA", "The captcha is invisible, set isInvisible"),
    (52, "ERROR_FAILED_LOADING_WIDGET", "Could not load the widget in the worker's browser"),
    (53, "ERROR_VISIBLE_RECAPTCHA", "The captcha is visible, do not set isInvisible"),
    (54, "ERROR_ALL_WORKERS_FILTERED", "No workers are left who are not filtered by your reports"),
    (55, "ERROR_ACCOUNT_SUSPENDED", "The account is suspended"),
    (56, "ERROR_TEMPLATE_NOT_FOUND", "No template with this name"),
    (57, "ERROR_TASK_CANCELED", "The worker cancelled the task"),
];

/// The number of codes that the catalogue does not list: the first that it does not use. The throttle code is one of
/// them; it has no entry of its own, so its name is the one that a sister service documents.
const UNLISTED: u32 = 58;

/// The code of a refusal.
pub(super) fn code(refusal: &Refusal) -> &str {
    match refusal {
        // What cannot be read holds no key.
        Refusal::KeyUnknown | Refusal::Unreadable => "ERROR_KEY_DOES_NOT_EXIST",
        Refusal::NoSlot => "ERROR_NO_SLOT_AVAILABLE",
        Refusal::ImageTooSmall => "ERROR_ZERO_CAPTCHA_FILESIZE",
        Refusal::ImageTooBig => "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
        Refusal::ZeroBalance => "ERROR_ZERO_BALANCE",
        Refusal::Unsolvable | Refusal::TimedOut => "ERROR_CAPTCHA_UNSOLVABLE",
        Refusal::MethodUnknown => "ERROR_NO_SUCH_METHOD",
        Refusal::ImageType => "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
        Refusal::TaskGone | Refusal::TaskIdUnreadable => "ERROR_NO_SUCH_CAPCHA_ID",
        Refusal::TaskAbsent => "ERROR_TASK_ABSENT",
        Refusal::TypeUnknown => "ERROR_TASK_NOT_SUPPORTED",
        Refusal::Field(_) => "ERROR_INCORRECT_SESSION_DATA",
        Refusal::Proxy(fault) => proxy_code(*fault),
        Refusal::SiteKey => "ERROR_RECAPTCHA_INVALID_SITEKEY",
        Refusal::Throttled | Refusal::TooManyOpen => "ERROR_TOO_MUCH_REQUESTS",
        Refusal::Code(code) => code,
    }
}

const fn proxy_code(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::ConnectRefused => "ERROR_PROXY_CONNECT_REFUSED",
        ProxyFault::ConnectTimeout => "ERROR_PROXY_CONNECT_TIMEOUT",
        ProxyFault::ReadTimeout => "ERROR_PROXY_READ_TIMEOUT",
        ProxyFault::Banned => "ERROR_PROXY_BANNED",
        ProxyFault::Transparent => "ERROR_PROXY_TRANSPARENT",
        ProxyFault::NoImages => "ERROR_PROXY_HAS_NO_IMAGE_SUPPORT",
        ProxyFault::HttpVersion => "ERROR_PROXY_INCOMPATIBLE_HTTP_VERSION",
        ProxyFault::NotAuthorised => "ERROR_PROXY_NOT_AUTHORISED",
    }
}

/// The answer to a refused request; it names the field at fault, which helps whoever wrote the client.
pub(super) fn write(refusal: &Refusal) -> ErrorAnswer {
    let code = code(refusal);
    let listed = CATALOGUE.iter().find(|(_, listed, _)| *listed == code);
    let (error_id, description) =
        listed.map_or((UNLISTED, "Too many requests or an error without a number"), |entry| (entry.0, entry.2));
    let error_description =
        if let Refusal::Field(field) = refusal { format!("{description}: {field}") } else { description.to_owned() };
    ErrorAnswer { error_id, error_code: code.to_owned(), error_description }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_have_the_numbers_of_the_catalogue() {
        let number = |refusal: Refusal| write(&refusal).error_id;
        assert_eq!(number(Refusal::KeyUnknown), 1);
        assert_eq!(number(Refusal::ImageType), 15);
        assert_eq!(number(Refusal::TaskGone), 16);
        assert_eq!(number(Refusal::Field("websiteURL")), 24);
        assert_eq!(number(Refusal::Code("ERROR_ACCOUNT_SUSPENDED".to_owned())), 55);
        assert_eq!(number(Refusal::Code("ERROR_OF_MY_OWN".to_owned())), UNLISTED);
        assert_eq!(number(Refusal::Throttled), UNLISTED);
        let proxies: Vec<u32> = ProxyFault::ALL.into_iter().map(|fault| number(Refusal::Proxy(fault))).collect();
        assert_eq!(proxies, [25, 26, 27, 28, 29, 35, 36, 49]);
    }

    #[test]
    fn a_wrong_field_is_named() {
        assert!(write(&Refusal::Field("minScore")).error_description.ends_with(": minScore"));
    }

    #[test]
    fn numbers_and_codes_are_used_once() {
        let numbers: std::collections::BTreeSet<u32> = CATALOGUE.iter().map(|entry| entry.0).collect();
        let codes: std::collections::BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.1).collect();
        assert_eq!((numbers.len(), codes.len()), (CATALOGUE.len(), CATALOGUE.len()));
        assert!(!numbers.contains(&UNLISTED));
    }
}
