//! What an adapter may not ask for: addresses, hosts, headers, placements.

use capstan_domain::adapter::{Body, InwardResponse, MAX_REQUEST_BYTES, Place};

use super::support::{Provider, get, grant, grant_for, post, send_bare, send_placed};
use crate::target::resolve;
use crate::{Blame, EgressError, Grant, Refusal};

fn resolved(grant: &Grant, url: &str) -> Result<String, EgressError> {
    resolve(grant, url).map(String::from)
}

fn public() -> Grant {
    let hosts = ["cdn.example.net", "*.example.org", "10.0.0.1"].map(str::to_owned).to_vec();
    Grant { hosts, loopback: false, ..grant("https://api.example.com:8443/v1/") }
}

fn refuses(grant: &Grant, url: &str) {
    let error = resolved(grant, url).expect_err(url);
    assert!(matches!(error, EgressError::Refused(_)), "{url}: {error:?}");
    assert!(error.surely_not_sent() && error.blame() == Blame::Adapter, "{url}");
}

#[test]
fn a_path_is_appended_to_the_base_url() {
    for (url, expected) in [
        ("/createTask", "https://api.example.com:8443/v1/createTask"),
        ("/", "https://api.example.com:8443/v1/"),
        ("/a//b?x=../..&u=http://y", "https://api.example.com:8443/v1/a//b?x=../..&u=http://y"),
        ("/a%20b%2Fc", "https://api.example.com:8443/v1/a%20b%2Fc"),
        ("/...", "https://api.example.com:8443/v1/..."),
    ] {
        assert_eq!(resolved(&public(), url).unwrap(), expected);
    }
    let bare = Grant { loopback: false, ..grant("https://api.example.com") };
    assert_eq!(resolved(&bare, "/createTask").unwrap(), "https://api.example.com/createTask");
}

#[test]
fn a_whole_url_of_an_allowed_host_stands() {
    for url in [
        "https://api.example.com:8443/other",
        "https://api.example.com/other",
        "https://cdn.example.net/a?b=c",
        "https://a.b.example.org/",
        "https://cdn.example.net:8443/",
    ] {
        assert_eq!(resolved(&public(), url).unwrap(), url);
    }
    assert_eq!(resolved(&public(), "https://cdn.example.net:443/").unwrap(), "https://cdn.example.net/");
    assert_eq!(resolved(&public(), "HTTPS://CDN.example.net/").unwrap(), "https://cdn.example.net/");
}

#[test]
fn hosts_that_are_not_on_the_list_are_refused() {
    for url in [
        "https://evil.org/",
        "https://example.org/",
        "https://cdn.example.net.evil.org/",
        "https://xcdn.example.net/",
        "https://cdn.example.net./",
        "https://api.example.com.:8443/",
    ] {
        let error = resolved(&public(), url).expect_err(url);
        assert!(matches!(error, EgressError::Refused(Refusal::Host(_))), "{url}: {error:?}");
    }
}

#[test]
fn urls_in_odd_forms_are_refused() {
    for url in [
        "",
        "createTask",
        "?a=b",
        "//evil.org/",
        "/\\evil.org/",
        "https:\\\\cdn.example.net/",
        "https:cdn.example.net/",
        "https:/cdn.example.net/",
        "ftp://cdn.example.net/",
        "file:///etc/passwd",
        "http://cdn.example.net/",
        "http://api.example.com:8443/v1/",
        "https://user@cdn.example.net/",
        "https://user:password@cdn.example.net/",
        "https://@cdn.example.net/",
        "https://evil.org\\@cdn.example.net/",
        "https://cdn.example.net@evil.org/",
        "https://cdn%2eexample.net/",
        "https://cdn.example.net:8080/",
        "https://cdn.example.net:99999/",
        "https:///path",
        "https://?cdn.example.net",
        "/a#b",
        "https://cdn.example.net/#",
        "/a\r\nhost: evil.org",
        "/a\tb",
        "/a b",
        "/a\0",
        "/a%00",
        "/a%0d%0Ab",
        // Decoded twice in a path, since servers behind servers do so.
        "/a%2500",
        "/a%250d%250Ab",
        "/a?b=c\r\nhost: evil.org",
        "/a?b=\0",
        "/ä",
        "https://cdn.example。net/",
        "https://ｃdn.example.net/",
        "https://①②⑦.0.0.1/",
        "https://１２７.0.0.1/",
        "https://[fe80::1%25eth0]/",
        "https://[fe80::1%eth0]/",
        "https://[::1%25]/",
        "https://127%2e0.0.1/",
    ] {
        refuses(&public(), url);
    }
    refuses(&public(), &format!("/{}", "a".repeat(8192)));
}

#[test]
fn paths_that_climb_are_refused_in_every_spelling() {
    for path in [
        "/..",
        "/../admin",
        "/a/../../admin",
        "/a/./b",
        "/%2e%2e/admin",
        "/.%2E/admin",
        "/..%2fadmin",
        "/..%5cadmin",
        "/%252e%252e/admin",
        "/..;/admin",
        "/a/..?x=y",
    ] {
        refuses(&public(), path);
        refuses(&public(), &format!("https://cdn.example.net{path}"));
    }
}

#[test]
fn special_addresses_in_urls_are_refused_in_every_spelling() {
    for (host, spellings) in [
        ("127.0.0.1", "127.0.0.1 127.0.0.1. 127.1 2130706433 0x7f.1 0x7f000001 0x7F000001 0177.0.0.1 017700000001"),
        ("10.0.0.1", "10.0.0.1 10.1 0xa000001 012.0.0.1"),
        ("169.254.169.254", "169.254.169.254 0xa9fea9fe"),
        ("0.0.0.0", "0 0.0.0.0 0x0"),
        ("[::1]", "[::1] [0:0:0:0:0:0:0:1]"),
        ("[::ffff:7f00:1]", "[::ffff:127.0.0.1] [::ffff:7f00:1]"),
        ("[::7f00:1]", "[::127.0.0.1]"),
        ("[fd00::1]", "[fd00::1] [FD00:0::1]"),
        ("[fe80::1]", "[fe80::1]"),
        // NAT64, the well-known prefix and the local one.
        ("[64:ff9b::a00:1]", "[64:ff9b::10.0.0.1] [64:ff9b::a00:1] [0064:FF9B::0a00:0001]"),
        ("[64:ff9b:1::a00:1]", "[64:ff9b:1::10.0.0.1] [64:ff9b:1:0::a00:1]"),
        // 6to4 and Teredo.
        ("[2002:7f00:1::]", "[2002:7f00:1::] [2002:7f00:0001::0]"),
        ("[2001:0:a00:1::f5ff:fffe]", "[2001::a00:1:0:0:f5ff:fffe] [2001:0:a00:1:0:0:245.255.255.254]"),
    ] {
        // The host is granted as it reads in the end, so that it is the address that is refused.
        let grant = Grant { hosts: vec![host.to_owned()], ..public() };
        for spelling in spellings.split_whitespace() {
            let error = resolved(&grant, &format!("https://{spelling}/latest")).expect_err(spelling);
            assert!(matches!(error, EgressError::Refused(Refusal::Address(_))), "{spelling}: {error:?}");
        }
    }
}

#[test]
fn an_unfit_base_url_is_our_own_fault() {
    for base in [
        "http://api.example.com/",
        "https://user@api.example.com/",
        "https://api.example.com/?a=b",
        "https://api.example.com/#a",
        "https://10.0.0.1/",
        "https://127.0.0.1/",
        "http://127.0.0.1/",
        "http://localhost/",
        "ftp://api.example.com/",
        "data:text/plain,x",
    ] {
        let error = resolved(&Grant { loopback: false, ..grant(base) }, "/").expect_err(base);
        assert!(matches!(error, EgressError::BadGrant { .. }), "{base}: {error:?}");
        assert!(error.surely_not_sent() && error.blame() == Blame::Us);
    }
}

#[test]
fn plain_http_is_for_granted_loopback_addresses_only() {
    for base in ["http://127.0.0.1:8080/", "http://localhost:8080/", "http://[::1]:8080/"] {
        assert_eq!(resolved(&grant(base), "/a").unwrap(), format!("{base}a"));
    }
    let mixed = Grant { hosts: vec!["api.example.com".to_owned()], ..grant("http://127.0.0.1:8080/") };
    assert!(resolved(&mixed, "https://api.example.com/").is_ok());
    refuses(&mixed, "http://api.example.com/");
    refuses(&mixed, "http://localhost:8080/");
    assert!(matches!(resolved(&grant("http://8.8.8.8/"), "/"), Err(EgressError::BadGrant { .. })));
}

#[tokio::test]
async fn a_loopback_name_is_not_reached_without_the_grant() {
    let provider = Provider::agreeable().await;
    let port = provider.address.port();
    let grant = Grant { loopback: false, ..grant(&format!("https://localhost:{port}/")) };
    let error = send_bare(&grant, &get("/")).await.unwrap_err();
    assert!(matches!(error, EgressError::NoVettedAddress { .. }), "{error:?}");
    assert!(error.surely_not_sent() && error.blame() == Blame::Provider);
    assert_eq!(provider.connections(), 0);
}

#[tokio::test]
async fn localhost_with_a_dot_is_another_name_and_reached_no_more_than_others() {
    let base = grant("http://localhost:8080/");
    assert!(matches!(resolved(&base, "https://localhost./"), Err(EgressError::Refused(Refusal::Host(_)))));
    refuses(&Grant { hosts: vec!["localhost.".to_owned()], ..base }, "http://localhost.:8080/");
    let provider = Provider::agreeable().await;
    let url = format!("https://localhost.:{}/", provider.address.port());
    let ungranted = Grant { loopback: false, ..grant(&url) };
    let error = send_bare(&ungranted, &get("/")).await.unwrap_err();
    let never_reached = matches!(error, EgressError::NoVettedAddress { .. } | EgressError::Unresolved { .. });
    assert!(never_reached && provider.connections() == 0, "{error:?}");
}

#[tokio::test]
async fn a_loopback_name_is_reached_with_the_grant() {
    let provider = Provider::agreeable().await;
    let grant = grant(&format!("http://localhost:{}/", provider.address.port()));
    assert_eq!(send_bare(&grant, &get("/")).await.unwrap().status, 200);
}

async fn with_header(provider: &Provider, name: &str, value: &str) -> Result<InwardResponse, EgressError> {
    let mut request = get("/");
    request.headers = vec![(name.to_owned(), value.to_owned())];
    send_bare(&grant_for(provider.address), &request).await
}

#[tokio::test]
async fn headers_that_are_the_hosts_own_are_refused() {
    let provider = Provider::agreeable().await;
    for name in [
        "Host",
        "Content-Length",
        "Content-Type",
        "Transfer-Encoding",
        "Connection",
        "Keep-Alive",
        "TE",
        "Trailer",
        "Trailers",
        "HTTP2-Settings",
        "Content-Encoding",
        "If-Range",
        "Upgrade",
        "Proxy-Authorization",
        "Proxy-Connection",
        "Authorization",
        "Cookie",
        "Expect",
        "Accept-Encoding",
        "Range",
        "Forwarded",
        "X-Forwarded",
        "X-Forwarded-For",
        "X-Forwarded-Host",
        "X-Forwarded-Anything",
        "X-Original-URL",
        "X-Original-Host",
        "X-Rewrite-URL",
        "X-HTTP-Method",
        "X-HTTP-Method-Override",
        "X-Method-Override",
        "X-Host",
        "X-Client-IP",
        "X-Real-IP",
        "X-Real-Host",
        "X-URL-Scheme",
        "X-Cluster-Client-IP",
        "X-Originating-IP",
        "X-Remote-IP",
        "X-Remote-Addr",
        "True-Client-IP",
        "CF-Connecting-IP",
        "CF-Connecting-IPv6",
        "Fastly-Client-IP",
        "Via",
        "Sec-Fetch-Site",
        "Sec-WebSocket-Key",
        "Proxy",
        "Proxy-Anything",
        // Servers that hand headers on as variables make one name of these and those with dashes.
        "X_Original_URL",
        "X_Forwarded_For",
        "X-Forwarded_For",
        "Content_Length",
        "Proxy_Anything",
    ] {
        let error = with_header(&provider, name, "1").await.expect_err(name);
        assert!(matches!(error, EgressError::Refused(Refusal::OwnedHeader(_))), "{name}: {error:?}");
        assert!(error.surely_not_sent() && error.blame() == Blame::Adapter);
    }
    let place = Place::Header { name: "Host".to_owned(), prefix: String::new() };
    let placed = send_placed(&grant_for(provider.address), get("/"), &[place]).await;
    assert!(matches!(placed, Err(EgressError::Refused(Refusal::OwnedHeader(_)))));
    assert!(provider.was_sent_nothing());
}

#[tokio::test]
async fn headers_that_only_resemble_the_hosts_own_are_sent() {
    let provider = Provider::agreeable().await;
    for name in ["X-Original", "X-Via", "Section", "Proximity", "X-Method", "X_Api_Key", "Accept", "User-Agent"] {
        assert_eq!(with_header(&provider, name, "mine").await.unwrap().status, 200, "{name}");
        assert_eq!(provider.last().header(name), "mine");
    }
}

#[tokio::test]
async fn headers_cannot_be_used_to_inject_others() {
    let provider = Provider::agreeable().await;
    for (name, value) in [
        ("x-a", "1\r\nhost: evil.org"),
        ("x-a", "1\n2"),
        ("x-a", "1\0"),
        ("x-a", "ä"),
        ("x-a: 1\r\nx-b", "2"),
        ("x a", "1"),
        ("", "1"),
        ("x-ä", "1"),
        (":authority", "evil.org"),
    ] {
        let error = with_header(&provider, name, value).await.expect_err(name);
        assert!(matches!(error, EgressError::Refused(Refusal::Header(_))), "{name:?} {value:?}: {error:?}");
    }
    let mut many = get("/");
    many.headers = (0..65).map(|i| (format!("x-{i}"), String::new())).collect();
    assert!(send_bare(&grant_for(provider.address), &many).await.is_err());
    assert!(provider.was_sent_nothing());
}

#[tokio::test]
async fn bodies_that_are_malformed_or_too_large_are_refused() {
    let provider = Provider::agreeable().await;
    for body in [
        Body::Json(" ".repeat(MAX_REQUEST_BYTES + 1)),
        Body::Bytes("text/plain\r\nx: y".to_owned(), Vec::new()),
        Body::Bytes(String::new(), Vec::new()),
    ] {
        let error = send_bare(&grant_for(provider.address), &post("/", body)).await.unwrap_err();
        assert!(matches!(error, EgressError::Refused(Refusal::Body(_))), "{error:?}");
    }
    assert!(provider.was_sent_nothing());
}

#[tokio::test]
async fn no_error_shows_a_path_or_a_query() {
    let dead = grant("http://127.0.0.1:1/");
    let error = send_placed(&dead, get("/path?q=hidden"), &[Place::Query("key".to_owned())]).await.unwrap_err();
    let mut shown = format!("{error} {error:?}");
    let mut cause = std::error::Error::source(&error);
    while let Some(inner) = cause {
        shown.push_str(&format!("{inner} {inner:?}"));
        cause = inner.source();
    }
    assert!(!shown.contains("hidden") && !shown.contains("k3y") && !shown.contains("path"), "{shown}");
}
