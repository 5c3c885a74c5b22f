//! Where a credential's value goes, and that the rest of a request arrives as the adapter wrote it.

use capstan_domain::adapter::{Body, InwardResponse, OutwardRequest, Part, Place};
use url::form_urlencoded;

use super::support::{KEY, Provider, binding, egress, get, grant_for, placement, post, sealed, send_bare, send_placed};
use crate::{Blame, CredentialBinding, EgressError, Refusal};

fn named(name: &str) -> String {
    name.to_owned()
}

fn refusal(result: Result<InwardResponse, EgressError>) -> Refusal {
    match result {
        Err(EgressError::Refused(refusal)) => refusal,
        Err(other) => panic!("{other:?}"),
        Ok(_) => panic!("it was sent"),
    }
}

#[tokio::test]
async fn a_json_field_is_inserted_and_the_rest_arrives_byte_for_byte() {
    let provider = Provider::agreeable().await;
    let body = r#"{"task":{"n":12345678901234567890123.50,"b":1,"a":[ ]}, "softId":0}"#;
    let request = post("/createTask", Body::Json(body.to_owned()));
    send_placed(&grant_for(provider.address), request, &[Place::JsonField(named("clientKey"))]).await.unwrap();
    let seen = provider.last();
    assert_eq!(seen.text(), format!("{{\"clientKey\":{},{}", serde_json::to_string(KEY).unwrap(), &body[1..]));
    assert_eq!(seen.header("content-type"), "application/json");
    assert_eq!(seen.uri.path(), "/api/createTask");
    assert_eq!(seen.header("user-agent"), concat!("capstan/", env!("CARGO_PKG_VERSION")));
}

#[tokio::test]
async fn a_form_field_is_inserted_into_a_form() {
    let provider = Provider::agreeable().await;
    let request = post("/in.php", Body::Form(vec![(named("a b"), named("ä&=+"))]));
    send_placed(&grant_for(provider.address), request, &[Place::FormField(named("key"))]).await.unwrap();
    let seen = provider.last();
    let pairs: Vec<_> = form_urlencoded::parse(&seen.body).into_owned().collect();
    assert_eq!(pairs, [(named("a b"), named("ä&=+")), (named("key"), KEY.to_owned())]);
    assert_eq!(seen.header("content-type"), "application/x-www-form-urlencoded");
}

#[tokio::test]
async fn a_form_field_is_inserted_into_a_multipart_body() {
    let provider = Provider::agreeable().await;
    let file = Part {
        name: named("fi\"le\r\nx"),
        file_name: Some(named("a.png")),
        content_type: Some(named("image/png")),
        data: vec![0, 255, b'\r', b'\n', b'-', b'-'],
    };
    let request = post("/in.php", Body::Multipart(vec![file]));
    send_placed(&grant_for(provider.address), request, &[Place::FormField(named("key"))]).await.unwrap();
    let seen = provider.last();
    let boundary = seen.header("content-type").strip_prefix("multipart/form-data; boundary=").unwrap();
    let expected = [
        b"--B\r\nContent-Disposition: form-data; name=\"fi%22le%0D%0Ax\"; filename=\"a.png\"\r\n".as_slice(),
        b"Content-Type: image/png\r\n\r\n\x00\xff\r\n--\r\n",
        b"--B\r\nContent-Disposition: form-data; name=\"key\"\r\n\r\n",
        KEY.as_bytes(),
        b"\r\n--B--\r\n",
    ];
    let expected = String::from_utf8_lossy(&expected.concat()).replace("--B", &format!("--{boundary}"));
    assert_eq!(String::from_utf8_lossy(&seen.body), expected);
}

#[tokio::test]
async fn boundaries_of_multipart_bodies_are_not_repeated() {
    let provider = Provider::agreeable().await;
    let mut boundaries = Vec::new();
    for _ in 0..2 {
        send_bare(&grant_for(provider.address), &post("/", Body::Multipart(Vec::new()))).await.unwrap();
        boundaries.push(provider.last().header("content-type").to_owned());
    }
    assert_ne!(boundaries[0], boundaries[1]);
}

#[tokio::test]
async fn a_query_parameter_is_appended_to_the_adapters_query() {
    let provider = Provider::agreeable().await;
    for (url, before) in [("/res.php?a=%20b&c", "a=%20b&c&"), ("/res.php", ""), ("/res.php?", "")] {
        send_placed(&grant_for(provider.address), get(url), &[Place::Query(named("key"))]).await.unwrap();
        let seen = provider.last();
        let query = seen.uri.query().unwrap();
        assert!(query.starts_with(before), "{query}");
        let pairs: Vec<_> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
        assert_eq!(pairs.last().unwrap(), &(named("key"), KEY.to_owned()));
    }
}

#[tokio::test]
async fn encoded_line_breaks_in_the_query_are_data_and_stay_encoded() {
    let provider = Provider::agreeable().await;
    let query = "text=a%0d%0Ax-mine:%201%0d%0a%0d%0aGET%20/b&c=%00&d=%250a";
    let request = get(&format!("/res.php?{query}"));
    send_placed(&grant_for(provider.address), request, &[Place::Query(named("key"))]).await.unwrap();
    let seen = provider.last();
    assert_eq!(seen.uri.path(), "/api/res.php");
    assert!(seen.uri.query().unwrap().starts_with(&format!("{query}&key=")), "{}", seen.uri);
    assert!(!seen.headers.contains_key("x-mine") && seen.body.is_empty());
    let pairs: Vec<_> = form_urlencoded::parse(seen.uri.query().unwrap().as_bytes()).into_owned().collect();
    assert_eq!(pairs[0], (named("text"), named("a\r\nx-mine: 1\r\n\r\nGET /b")));
    assert_eq!(pairs[3], (named("key"), KEY.to_owned()));
}

#[tokio::test]
async fn a_header_is_set_after_its_prefix() {
    let provider = Provider::agreeable().await;
    let place = Place::Header { name: named("Authorization"), prefix: named("Bearer ") };
    let mut request = get("/me");
    request.headers = vec![(named("X-Mine"), named("1")), (named("Accept"), named("text/plain"))];
    send_placed(&grant_for(provider.address), request, &[place]).await.unwrap();
    let seen = provider.last();
    assert_eq!(seen.header("authorization"), format!("Bearer {KEY}"));
    assert_eq!((seen.header("x-mine"), seen.header("accept")), ("1", "text/plain"));
    assert_eq!(seen.header("accept-encoding"), "");
}

#[tokio::test]
async fn basic_authorization_has_the_value_as_its_password() {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    let provider = Provider::agreeable().await;
    send_placed(&grant_for(provider.address), get("/me"), &[Place::Basic { user: named("api") }]).await.unwrap();
    let expected = format!("Basic {}", STANDARD.encode(format!("api:{KEY}")));
    assert_eq!(provider.last().header("authorization"), expected);
}

#[tokio::test]
async fn other_bytes_go_out_with_their_content_type() {
    let provider = Provider::agreeable().await;
    let request = post("/raw", Body::Bytes(named("application/octet-stream"), vec![0, 1, 2]));
    send_bare(&grant_for(provider.address), &request).await.unwrap();
    assert_eq!(provider.last().body, [0, 1, 2]);
    assert_eq!(provider.last().header("content-type"), "application/octet-stream");
}

#[tokio::test]
async fn a_place_that_the_adapter_has_filled_is_refused() {
    let provider = Provider::agreeable().await;
    let grant = grant_for(provider.address);
    let part = Part { name: named("key"), file_name: None, content_type: None, data: Vec::new() };
    let mut with_header = get("/");
    with_header.headers = vec![(named("X-KEY"), named("mine"))];
    let header = Place::Header { name: named("x-key"), prefix: String::new() };
    let cases = [
        (post("/", Body::Json(named(r#"{"key":"mine"}"#))), Place::JsonField(named("key"))),
        (post("/", Body::Form(vec![(named("key"), named("mine"))])), Place::FormField(named("key"))),
        (post("/", Body::Multipart(vec![part])), Place::FormField(named("key"))),
        (get("/?%6bey=mine"), Place::Query(named("key"))),
        (with_header, header),
    ];
    for (request, place) in cases {
        let refused = refusal(send_placed(&grant, request, std::slice::from_ref(&place)).await);
        assert!(matches!(refused, Refusal::PlaceTaken(_)), "{place:?}: {refused}");
    }
    assert!(provider.was_sent_nothing());
}

#[tokio::test]
async fn two_placements_in_one_place_are_refused() {
    let provider = Provider::agreeable().await;
    let bearer = Place::Header { name: named("authorization"), prefix: named("Bearer ") };
    let places = [bearer, Place::Basic { user: named("api") }];
    let refused = refusal(send_placed(&grant_for(provider.address), get("/"), &places).await);
    assert_eq!(refused, Refusal::PlaceTaken(named("authorization")));
}

#[tokio::test]
async fn a_placement_that_does_not_suit_the_body_is_refused() {
    let provider = Provider::agreeable().await;
    let cases = [
        (get("/"), Place::JsonField(named("key"))),
        (post("/", Body::Form(Vec::new())), Place::JsonField(named("key"))),
        (post("/", Body::Json(named("{}"))), Place::FormField(named("key"))),
        (post("/", Body::Bytes(named("application/json"), b"{}".to_vec())), Place::JsonField(named("key"))),
    ];
    for (request, place) in cases {
        let refused = refusal(send_placed(&grant_for(provider.address), request, &[place]).await);
        assert_eq!(refused, Refusal::WrongBody(named("key")));
    }
    let array = post("/", Body::Json(named("[]")));
    let refused = refusal(send_placed(&grant_for(provider.address), array, &[Place::JsonField(named("key"))]).await);
    assert_eq!(refused, Refusal::Body("is not a JSON object"));
}

#[tokio::test]
async fn a_placement_that_the_credential_is_not_bound_to_is_refused() {
    let provider = Provider::agreeable().await;
    let bound = binding(1, &[Place::JsonField(named("key"))]);
    let request = OutwardRequest { placements: vec![placement(Place::Query(named("key")))], ..get("/") };
    let credential = sealed(&bound);
    let sent = egress().send(&grant_for(provider.address), Some((&bound, &credential)), &request).await;
    let error = sent.unwrap_err();
    assert!(error.surely_not_sent() && error.blame() == Blame::Adapter);
    assert_eq!(refusal(Err(error)), Refusal::UnknownPlacement(named("key")));
}

#[tokio::test]
async fn a_placement_of_a_field_that_does_not_exist_is_refused() {
    let provider = Provider::agreeable().await;
    let mut bound = binding(1, &[Place::Query(named("key"))]);
    bound.placements[0].field = named("login");
    let request = OutwardRequest { placements: bound.placements.clone(), ..get("/") };
    let sent = egress().send(&grant_for(provider.address), Some((&bound, &sealed(&bound))), &request).await;
    assert_eq!(refusal(sent), Refusal::UnknownField(named("login")));
}

#[tokio::test]
async fn a_placement_without_a_credential_is_refused() {
    let provider = Provider::agreeable().await;
    let request = OutwardRequest { placements: vec![placement(Place::Query(named("key")))], ..get("/") };
    assert_eq!(refusal(send_bare(&grant_for(provider.address), &request).await), Refusal::NoCredential);
}

#[tokio::test]
async fn a_credential_goes_to_no_host_and_no_provider_that_it_is_not_bound_to() {
    let provider = Provider::agreeable().await;
    let grant = grant_for(provider.address);
    let bound = binding(1, &[Place::Query(named("key"))]);
    let elsewhere = [
        CredentialBinding { hosts: vec![named("api.example.com")], ..bound.clone() },
        CredentialBinding { provider: capstan_domain::ProviderId::new("other").unwrap(), ..bound },
    ];
    for other in elsewhere {
        let request = OutwardRequest { placements: other.placements.clone(), ..get("/") };
        let error = egress().send(&grant, Some((&other, &sealed(&other))), &request).await.unwrap_err();
        assert!(matches!(error, EgressError::NotBound { .. }), "{error}");
        assert!(error.surely_not_sent() && error.blame() == Blame::Us);
    }
    assert!(provider.was_sent_nothing());
}

#[tokio::test]
async fn a_credential_under_a_changed_binding_is_not_sent() {
    let provider = Provider::agreeable().await;
    let bound = binding(1, &[]);
    let widened = binding(1, &[Place::Query(named("key"))]);
    let request = OutwardRequest { placements: widened.placements.clone(), ..get("/") };
    let sent = egress().send(&grant_for(provider.address), Some((&widened, &sealed(&bound))), &request).await;
    let error = sent.unwrap_err();
    assert!(matches!(error, EgressError::Credential(crate::VaultError::DoesNotOpen)), "{error}");
    assert!(error.surely_not_sent() && provider.was_sent_nothing());
}
