//! 2captcha's error codes; the two pages have a table each.

use crate::call::{Manner, ProxyFault, Refusal};

/// Codes that the service documents, and what each means.
const CATALOGUE: &[(&str, &str)] = &[
    ("ERROR_WRONG_USER_KEY", "The key does not have the 32 letters and digits of a key"),
    ("ERROR_KEY_DOES_NOT_EXIST", "The key does not exist"),
    ("ERROR_ZERO_BALANCE", "There is no money on the account"),
    ("ERROR_PAGEURL", "The pageurl parameter is missing"),
    ("ERROR_NO_SLOT_AVAILABLE", "The queue is too long or the maximum rate too low, pause for 5 seconds"),
    ("ERROR_ZERO_CAPTCHA_FILESIZE", "The picture is smaller than 100 bytes"),
    ("ERROR_TOO_BIG_CAPTCHA_FILESIZE", "The picture is larger than 100 kB"),
    ("ERROR_WRONG_FILE_EXTENSION", "The file is no jpg, jpeg, gif or png by its name"),
    ("ERROR_IMAGE_TYPE_NOT_SUPPORTED", "The kind of picture cannot be recognised"),
    ("ERROR_UPLOAD", "There is no file in the request, or what is there is no base64"),
    ("ERROR_IP_NOT_ALLOWED", "This address is not on the list of addresses that may use the key"),
    ("IP_BANNED", "This address is banned for too many requests with wrong keys"),
    ("ERROR_BAD_TOKEN_OR_PAGEURL", "The pair of googlekey and pageurl is wrong"),
    ("ERROR_GOOGLEKEY", "The googlekey is malformed"),
    ("ERROR_WRONG_GOOGLEKEY", "The googlekey parameter is missing"),
    ("ERROR_CAPTCHAIMAGE_BLOCKED", "This picture is on the list of those that are not solved"),
    ("MAX_USER_TURN", "More than 60 requests in 3 seconds, the account is banned for 10 seconds"),
    ("ERROR: 1001", "Too many requests that found no slot, blocked for 10 minutes"),
    ("ERROR: 1002", "Too many requests without money, blocked for 5 minutes"),
    ("ERROR: 1003", "Too many tasks in the queue, blocked for 30 seconds"),
    ("ERROR: 1004", "Too many requests with wrong keys, blocked for 10 minutes"),
    ("ERROR: 1005", "Too many requests to res.php, blocked for 5 minutes"),
    ("ERROR_BAD_PARAMETERS", "A parameter is missing or has a value that it cannot have"),
    ("ERROR_BAD_PROXY", "The proxy is marked as bad"),
    ("ERROR_METHOD_CALL", "The method does not exist or cannot be used so"),
    ("ERROR_CAPTCHA_UNSOLVABLE", "Three workers could not solve it; it is not charged"),
    ("ERROR_WRONG_ID_FORMAT", "An id has digits only"),
    ("ERROR_WRONG_CAPTCHA_ID", "There is no such task"),
    ("ERROR_BAD_DUPLICATES", "Not enough equal answers"),
    ("REPORT_NOT_RECORDED", "The report was not taken"),
    ("ERROR_TOKEN_EXPIRED", "The one-time value has lapsed"),
    ("ERROR_EMPTY_ACTION", "The action parameter is missing or has no value"),
    ("ERROR_PROXY_CONNECTION_FAILED", "The page could not be loaded through the proxy"),
];

/// The code of a refusal to a request of this manner.
pub(super) fn code(refusal: &Refusal, manner: Manner) -> &str {
    match refusal {
        Refusal::KeyUnknown if manner.odd_key => "ERROR_WRONG_USER_KEY",
        Refusal::KeyUnknown => "ERROR_KEY_DOES_NOT_EXIST",
        Refusal::NoSlot => "ERROR_NO_SLOT_AVAILABLE",
        Refusal::ImageTooSmall => "ERROR_ZERO_CAPTCHA_FILESIZE",
        Refusal::ImageTooBig => "ERROR_TOO_BIG_CAPTCHA_FILESIZE",
        Refusal::ZeroBalance => "ERROR_ZERO_BALANCE",
        Refusal::Unsolvable | Refusal::TimedOut => "ERROR_CAPTCHA_UNSOLVABLE",
        // Its answer is a page for people; this is what the log says.
        Refusal::MethodUnknown => "404 Not Found",
        Refusal::Unreadable | Refusal::TaskAbsent => "ERROR_UPLOAD",
        Refusal::ImageType => "ERROR_IMAGE_TYPE_NOT_SUPPORTED",
        Refusal::TaskGone => "ERROR_WRONG_CAPTCHA_ID",
        Refusal::TaskIdUnreadable => "ERROR_WRONG_ID_FORMAT",
        Refusal::TypeUnknown => "ERROR_METHOD_CALL",
        Refusal::Field(name) => field_code(name),
        Refusal::Proxy(fault) => proxy_code(*fault),
        Refusal::SiteKey => "ERROR_GOOGLEKEY",
        Refusal::Throttled if manner.asks => "ERROR: 1005",
        Refusal::Throttled => "MAX_USER_TURN",
        Refusal::TooManyOpen => "ERROR: 1003",
        Refusal::Code(code) => code,
    }
}

/// Some parameters have codes of their own.
fn field_code(name: &str) -> &'static str {
    match name {
        "pageurl" => "ERROR_PAGEURL",
        "googlekey" => "ERROR_WRONG_GOOGLEKEY",
        "body" | "file" => "ERROR_UPLOAD",
        "file name" => "ERROR_WRONG_FILE_EXTENSION",
        "action" => "ERROR_EMPTY_ACTION",
        "proxy" | "proxytype" => "ERROR_BAD_PROXY",
        _ => "ERROR_BAD_PARAMETERS",
    }
}

const fn proxy_code(fault: ProxyFault) -> &'static str {
    match fault {
        ProxyFault::Banned | ProxyFault::Transparent => "ERROR_BAD_PROXY",
        ProxyFault::ConnectRefused
        | ProxyFault::ConnectTimeout
        | ProxyFault::ReadTimeout
        | ProxyFault::NoImages
        | ProxyFault::HttpVersion
        | ProxyFault::NotAuthorised => "ERROR_PROXY_CONNECTION_FAILED",
    }
}

/// What a code means, for answers in JSON.
pub(super) fn description(code: &str) -> &'static str {
    CATALOGUE.iter().find(|(listed, _)| *listed == code).map_or("An error that is not listed", |entry| entry.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_refusal_has_a_code_of_the_catalogue() {
        let plain = [
            Refusal::KeyUnknown,
            Refusal::NoSlot,
            Refusal::ImageTooSmall,
            Refusal::ImageTooBig,
            Refusal::ZeroBalance,
            Refusal::Unsolvable,
            Refusal::TimedOut,
            Refusal::Unreadable,
            Refusal::ImageType,
            Refusal::TaskGone,
            Refusal::TaskIdUnreadable,
            Refusal::TaskAbsent,
            Refusal::TypeUnknown,
            Refusal::SiteKey,
            Refusal::Throttled,
            Refusal::TooManyOpen,
        ];
        let fields = ["pageurl", "googlekey", "body", "file", "file name", "action", "proxy", "sitekey"];
        let refusals = plain.into_iter().chain(fields.map(Refusal::Field)).chain(ProxyFault::ALL.map(Refusal::Proxy));
        for refusal in refusals {
            for (asks, odd_key) in [(false, false), (true, true)] {
                let code = code(&refusal, Manner { asks, odd_key, ..Manner::default() }).to_owned();
                assert!(CATALOGUE.iter().any(|(listed, _)| *listed == code), "{refusal:?}: {code}");
            }
        }
    }

    #[test]
    fn a_code_that_a_test_wrote_down_is_handed_out_as_it_is() {
        let refusal = Refusal::Code("ERROR_OF_MY_OWN".to_owned());
        assert_eq!(code(&refusal, Manner::default()), "ERROR_OF_MY_OWN");
        assert!(!description("ERROR_OF_MY_OWN").contains("ERROR"));
    }

    #[test]
    fn codes_are_listed_once() {
        let codes: std::collections::BTreeSet<&str> = CATALOGUE.iter().map(|entry| entry.0).collect();
        assert_eq!(codes.len(), CATALOGUE.len());
    }
}
