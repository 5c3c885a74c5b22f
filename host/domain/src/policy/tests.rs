//! What rules match, in every spelling of a site, and which of several decides.

use uuid::Uuid;

use super::{Action, KeyDomains, Origin, Pattern, Rule, Scope, SitePolicy, Subject, Who, plain_host, registrable};
use crate::{AccountId, ApiKeyId};
use url::Url;

const ACCOUNT: AccountId = AccountId(Uuid::from_u128(1));
const KEY: ApiKeyId = ApiKeyId(Uuid::from_u128(2));
const WHO: Who = Who { account: Some(ACCOUNT), key: Some(KEY) };

fn rule(origin: Origin, scope: Scope, action: Action, pattern: &str) -> Rule {
    Rule { pattern: Pattern::read(pattern).unwrap(), action, scope, origin, note: format!("why {pattern}") }
}

fn refused(pattern: &str, site: &str) -> bool {
    let policy = SitePolicy::new([rule(Origin::Operator, Scope::Global, Action::Deny, pattern)]);
    policy.refuses(&[Url::parse(site).unwrap()], None, WHO).is_some()
}

#[test]
fn a_pattern_covers_what_it_says_and_nothing_else() {
    for (pattern, site, expected) in [
        ("example.com", "https://example.com/", true),
        ("example.com", "http://a.b.example.com/", true),
        ("example.com", "https://notexample.com/", false),
        ("example.com", "https://example.com.evil.net/", false),
        (".example.com", "https://example.com/", false),
        ("*.example.com", "https://a.example.com/", true),
        ("host:www.example.com", "https://www.example.com/x", true),
        ("host:www.example.com", "https://a.www.example.com/", false),
        ("host:www.example.com", "https://example.com/", false),
        ("suffix:gov", "https://irs.gov/", true),
        ("suffix:gov.uk", "https://www.tax.service.gov.uk/", true),
        ("suffix:gov", "https://irs.gov.evil.com/", false),
        ("suffix:github.io", "https://somebody.github.io/", true),
        ("example.com/login", "https://example.com/login", true),
        ("example.com/login", "https://www.example.com/login/step2?x=/y#z", true),
        ("example.com/login", "https://example.com/loginx", false),
        ("example.com/login/", "https://example.com/login", true),
        ("host:example.com/a", "https://www.example.com/a", false),
        ("localhost", "http://localhost:8080/", true),
    ] {
        assert_eq!(refused(pattern, site), expected, "{pattern} {site}");
    }
}

#[test]
fn no_spelling_of_a_site_gets_around_a_rule() {
    for (pattern, site) in [
        ("example.com", "https://EXAMPLE.com:8443/x"),
        ("example.com", "https://example.com./"),
        ("example.com", "https://user:password@example.com/"),
        ("example.com", "https://evil.net@example.com/"),
        ("evil.com", "https://example.com@evil.com/"),
        ("evil.com", r"https://evil.com\@example.com/"),
        ("example.com", r"https:\\example.com\login"),
        ("example.com", "https:///example.com/"),
        ("example.com", "https:example.com"),
        ("example.com", "https://%65xample%2Ecom/"),
        ("example.com", "https://ex\tample.com/"),
        ("example.com", "https://ｅｘａｍｐｌｅ.com/"),
        ("example.com", "https://example。com/"),
        ("EXAMPLE.COM.", "https://example.com/"),
        ("bücher.example", "https://xn--bcher-kva.example/"),
        ("xn--bcher-kva.example", "https://BÜCHER.example/"),
        ("192.0.2.1", "http://192.0.2.1/"),
        ("192.0.2.1", "http://0xc0.0.2.1/"),
        ("192.0.2.1", "http://3221225985/"),
        ("192.0.2.1", "http://0300.0.01001/"),
        ("192.0.2.1", "http://192.0.2.1./"),
        ("192.0.2.1", "http://[::ffff:192.0.2.1]/"),
        ("192.0.2.1", "http://[::ffff:c000:201]/"),
        ("[2001:DB8:0::1]", "http://[2001:db8::1]:8080/"),
        ("example.com/login", "https://example.com/LOGIN"),
        ("example.com/login", "https://example.com/%6Cogin"),
        ("example.com/login", "https://example.com//login"),
        ("example.com/login", "https://example.com/x/../login"),
        ("example.com/login", "https://example.com/x/%2e%2e/login"),
        ("example.com/login", r"https://example.com\login"),
    ] {
        assert!(refused(pattern, site), "{pattern} {site}");
    }
    assert!(!refused("example.com", "https://example.com@evil.com/"), "the user's name is no site");
    assert!(!refused("example.com", r"https://evil.com\@example.com/"), "what follows a backslash is a path");
    assert!(!refused("0.2.1.example", "http://192.0.2.1/"));
}

#[test]
fn a_host_longer_than_any_can_be_is_still_judged_by_its_end() {
    let long = format!("https://{}example.com/", "a.".repeat(3_000));
    assert!(refused("example.com", &long) && !refused("example.org", &long));
}

#[test]
fn what_is_no_rule_is_refused_with_what_would_be_one() {
    for text in [
        "",
        "https://example.com",
        "a b",
        "user@example.com",
        "..",
        "/path",
        ".",
        "*.",
        "example..com",
        "example.com:80",
        "host:",
        "sitekey:",
        "sitekey:a b",
        ".192.0.2.1",
        "a%62c.com",
        "ex?ample.com",
        "suffix:",
        "port:example.com",
    ] {
        assert!(Pattern::read(text).is_err(), "{text:?}");
    }
    let long = format!("{}.com", "a".repeat(300));
    assert!(Pattern::read(&long).is_err());
    for text in ["com", "co.uk", ".co.uk", "*.com", "github.io", "COM.", "gov/login"] {
        let told = Pattern::read(text).unwrap_err().to_string();
        assert!(told.contains("write suffix:"), "{text}: {told}");
    }
    let told = Pattern::read("suffix:example.com").unwrap_err().to_string();
    assert!(told.contains("no public suffix"), "{told}");
}

#[test]
fn equal_patterns_have_one_spelling() {
    for (text, same) in [
        (" Example.COM. ", "example.com"),
        ("*.example.com", ".example.com"),
        ("example.com/Login/", "example.com/login"),
        ("example.com//login", "example.com/login"),
        ("host:Bücher.example", "host:xn--bcher-kva.example"),
        ("0xc0.0.2.1", "192.0.2.1"),
        ("suffix:GOV.uk", "suffix:gov.uk"),
        ("sitekey:6Le-AbC", "sitekey:6Le-AbC"),
    ] {
        let pattern = Pattern::read(text).unwrap();
        assert_eq!(pattern.as_str(), same);
        assert_eq!(Pattern::read(same).unwrap(), pattern, "it reads back as itself");
    }
}

#[test]
fn every_site_of_a_task_is_judged_and_so_is_its_site_key() {
    let deny = |pattern: &str| rule(Origin::Operator, Scope::Global, Action::Deny, pattern);
    let policy = SitePolicy::new([deny("script.example"), deny("sitekey:6Le-AbC")]);
    let sites = ["https://page.example/", "https://script.example/x.js"].map(|text| Url::parse(text).unwrap());
    assert_eq!(policy.refuses(&sites, None, WHO).unwrap().pattern.as_str(), "script.example");
    assert_eq!(policy.refuses(&sites[..1], Some("other"), WHO), None);
    assert_eq!(policy.refuses(&[], Some(" 6LE-ABC "), WHO).unwrap().note, "why sitekey:6Le-AbC");
}

const GLOBAL: (Origin, Scope) = (Origin::Operator, Scope::Global);
const OF_ACCOUNT: (Origin, Scope) = (Origin::Operator, Scope::Account(ACCOUNT));
const OF_KEY: (Origin, Scope) = (Origin::Operator, Scope::Key(KEY));
const DEFAULT: (Origin, Scope) = (Origin::Default, Scope::Global);
const OWNER: (Origin, Scope) = (Origin::Owner, Scope::Global);
const OF_OTHERS: (Origin, Scope) = (Origin::Operator, Scope::Account(AccountId(Uuid::from_u128(9))));

/// Who said it, what it does, what it is about.
type Said = ((Origin, Scope), Action, &'static str);

#[test]
fn precedence_is_as_the_head_of_the_module_says() {
    use Action::{Allow, Deny};
    let table: &[(&[Said], Option<usize>)] = &[
        (&[], None),
        (&[(DEFAULT, Deny, "example.com")], Some(0)),
        // A permission in any scope lifts the default list, however wide it is.
        (&[(DEFAULT, Deny, "www.example.com/login"), (GLOBAL, Allow, "example.com")], Some(1)),
        (&[(DEFAULT, Deny, "example.com"), (OF_ACCOUNT, Allow, "example.com")], Some(1)),
        (&[(DEFAULT, Deny, "example.com"), (OF_KEY, Allow, "example.com")], Some(1)),
        (&[(DEFAULT, Deny, "example.com"), (OF_OTHERS, Allow, "example.com")], Some(0)),
        // Nothing lifts a denial of the operator's but the operator, in the same scope and more closely.
        (&[(GLOBAL, Deny, "example.com"), (OF_ACCOUNT, Allow, "www.example.com/login")], Some(0)),
        (&[(GLOBAL, Deny, "example.com"), (OF_KEY, Allow, "www.example.com/login")], Some(0)),
        (&[(OF_ACCOUNT, Deny, "example.com"), (OF_KEY, Allow, "www.example.com")], Some(0)),
        (&[(GLOBAL, Allow, "www.example.com"), (OF_ACCOUNT, Deny, "example.com")], Some(1)),
        (&[(GLOBAL, Allow, "www.example.com"), (OF_KEY, Deny, "suffix:com")], Some(1)),
        (&[(GLOBAL, Deny, "example.com"), (GLOBAL, Allow, "www.example.com")], Some(1)),
        (&[(GLOBAL, Allow, "example.com"), (GLOBAL, Deny, "www.example.com")], Some(1)),
        // Closeness: more labels, then the narrower reach, then the longer path.
        (&[(GLOBAL, Allow, "example.com/login"), (GLOBAL, Deny, "www.example.com")], Some(1)),
        (&[(GLOBAL, Deny, "www.example.com"), (GLOBAL, Allow, "host:www.example.com")], Some(1)),
        (&[(GLOBAL, Deny, "example.com"), (GLOBAL, Allow, ".example.com")], Some(1)),
        (&[(GLOBAL, Deny, "www.example.com"), (GLOBAL, Allow, "www.example.com/login")], Some(1)),
        (&[(GLOBAL, Deny, "suffix:com"), (GLOBAL, Allow, "example.com")], Some(1)),
        (&[(GLOBAL, Allow, "www.example.com"), (GLOBAL, Deny, "www.example.com")], Some(1)),
        (&[(GLOBAL, Deny, "www.example.com"), (GLOBAL, Allow, "www.example.com")], Some(0)),
        // Of several permissions, the nearest is told.
        (&[(GLOBAL, Allow, "www.example.com"), (OF_KEY, Allow, "example.com")], Some(1)),
        // An owner's word stands.
        (&[(OWNER, Deny, "example.com"), (GLOBAL, Allow, "host:www.example.com/login")], Some(0)),
        (&[(OWNER, Deny, "example.com"), (OF_KEY, Allow, "host:www.example.com/login")], Some(0)),
        (&[(OF_OTHERS, Deny, "example.com")], None),
    ];
    let site = Url::parse("https://www.example.com/login").unwrap();
    for (said, expected) in table {
        let rules: Vec<Rule> =
            said.iter().map(|((origin, scope), action, pattern)| rule(*origin, *scope, *action, pattern)).collect();
        let policy = SitePolicy::new(rules.clone());
        let decision = policy.decide(Subject::Site(&site), WHO);
        assert_eq!(decision.by, expected.map(|index| &rules[index]), "{said:?}");
        let refuses = expected.is_some_and(|index| rules[index].action == Deny);
        assert_eq!(
            (decision.is_refusal(), policy.refuses(std::slice::from_ref(&site), None, WHO).is_some()),
            (refuses, refuses)
        );
    }
}

#[test]
fn a_key_s_domains_are_all_that_it_may_be_used_for() {
    let domains = KeyDomains::read(["example.com", "host:www.example.org"], false).unwrap();
    let refusal = |texts: &[&str]| {
        domains.refusal(&texts.iter().map(|text| Url::parse(text).unwrap()).collect::<Vec<_>>()).unwrap_or_default()
    };
    assert_eq!(refusal(&["https://shop.example.com/login"]), "");
    assert_eq!(refusal(&["https://example.com/", "https://www.example.org/x"]), "");
    let told = "The key may be used for example.com, host:www.example.org only, and the task names example.net.";
    assert_eq!(refusal(&["https://example.net/"]), told);
    assert_eq!(refusal(&["https://example.com/", "https://example.net/x.js"]), told);
    assert_eq!(refusal(&["https://example.com@EXAMPLE.net./"]), told);
    assert!(refusal(&[]).contains("names no site"));
    let with_pictures = KeyDomains::read(["example.com"], true).unwrap();
    assert_eq!(with_pictures.refusal(&[]), None);
    assert!(KeyDomains::nothing().refusal(&[Url::parse("https://example.com/").unwrap()]).is_some());
    for bad in ["com", "suffix:gov", "example.com/login", "sitekey:x", ""] {
        assert!(KeyDomains::read([bad], false).is_err(), "{bad}");
    }
    assert!(KeyDomains::read_stored(["github.io"], false).is_ok() && KeyDomains::read_stored([""], false).is_err());
}

#[test]
fn a_rule_that_was_made_is_one_whatever_has_become_a_public_suffix() {
    for (stored, site, other) in [
        ("github.io", "https://somebody.github.io/", "https://github.com/"),
        (".github.io", "https://somebody.github.io/", "https://github.io/"),
        ("suffix:example.com", "https://www.example.com/", "https://example.org/"),
        ("*.example.com", "https://www.example.com/", "https://example.com/"),
    ] {
        let pattern = Pattern::read_stored(stored).unwrap();
        assert_eq!(Pattern::read_stored(pattern.as_str()).unwrap(), pattern, "it reads back as itself");
        let policy = SitePolicy::new([Rule { pattern, ..rule(OWNER.0, OWNER.1, Action::Deny, "x.com") }]);
        let refused = |site: &str| policy.refuses(&[Url::parse(site).unwrap()], None, WHO).is_some();
        assert!(refused(site) && !refused(other), "{stored}");
    }
    for text in ["", "a b", "https://example.com", "host:", "sitekey:"] {
        assert!(Pattern::read_stored(text).is_err(), "{text:?}");
    }
}

#[test]
fn what_was_registered_is_known_by_the_public_suffix_list() {
    for (host, expected) in [
        ("www.example.com", "example.com"),
        ("a.b.example.co.uk", "example.co.uk"),
        ("somebody.github.io", "somebody.github.io"),
        ("www.example.com.", "example.com"),
        ("com", "com"),
        ("localhost", "localhost"),
        ("192.0.2.1", "192.0.2.1"),
        ("[2001:db8::1]", "[2001:db8::1]"),
    ] {
        assert_eq!(registrable(host), expected);
    }
    assert_eq!(plain_host(&Url::parse("https://WWW.example.com./").unwrap()).unwrap(), "www.example.com");
}
