//! Multipart bodies and forms: how many parts, and how large they are as they are sent.

use capstan_domain::adapter::{Body, InwardResponse, MAX_REQUEST_BYTES, Part, Place};

use super::support::{KEY, Provider, grant_for, post, send_bare, send_placed};
use crate::{Blame, EgressError, Refusal};

fn part(name: &str, data: usize) -> Part {
    Part { name: name.to_owned(), file_name: None, content_type: None, data: vec![b'x'; data] }
}

async fn send(provider: &Provider, parts: Vec<Part>) -> Result<InwardResponse, EgressError> {
    send_bare(&grant_for(provider.address), &post("/", Body::Multipart(parts))).await
}

fn assert_refused(sent: Result<InwardResponse, EgressError>, why: &'static str) {
    let error = sent.expect_err(why);
    assert!(error.surely_not_sent() && error.blame() == Blame::Adapter, "{error:?}");
    assert!(matches!(error, EgressError::Refused(Refusal::Body(said)) if said == why), "{error:?}");
}

const TOO_LARGE: &str = "is over 8 MiB";
const TOO_MANY: &str = "has more than 100 parts";

#[tokio::test]
async fn a_body_has_at_most_a_hundred_parts_the_credentials_among_them() {
    let provider = Provider::agreeable().await;
    let parts = |count| vec![part("", 0); count];
    assert_eq!(send(&provider, parts(100)).await.unwrap().status, 200);
    assert_eq!(provider.last().text().matches("form-data").count(), 100);
    let place = [Place::FormField("key".to_owned())];
    let grant = grant_for(provider.address);
    send_placed(&grant, post("/", Body::Multipart(parts(99))), &place).await.unwrap();
    assert!(provider.last().text().contains(KEY));
    assert_refused(send(&provider, parts(101)).await, TOO_MANY);
    assert_refused(send_placed(&grant, post("/", Body::Multipart(parts(100))), &place).await, TOO_MANY);
}

#[tokio::test]
async fn a_body_is_at_most_as_large_as_allowed_with_everything_around_its_data() {
    let provider = Provider::agreeable().await;
    send(&provider, vec![part("file", 0)]).await.unwrap();
    let room = MAX_REQUEST_BYTES - provider.last().body.len();
    send(&provider, vec![part("file", room)]).await.unwrap();
    assert_eq!(provider.last().body.len(), MAX_REQUEST_BYTES);
    assert_refused(send(&provider, vec![part("file", room + 1)]).await, TOO_LARGE);
}

#[tokio::test]
async fn names_file_names_and_content_types_count_as_they_are_written() {
    let provider = Provider::agreeable().await;
    // Each is under the limit as it stands; a quotation mark is three bytes in the body.
    let third = MAX_REQUEST_BYTES / 3 + 1;
    let quotes = "\"".repeat(third);
    assert_refused(send(&provider, vec![part(&quotes, 0)]).await, TOO_LARGE);
    assert_refused(send(&provider, vec![Part { file_name: Some(quotes), ..part("a", 0) }]).await, TOO_LARGE);
    let typed = Part { content_type: Some("x".repeat(third)), ..part("a", 0) };
    assert_refused(send(&provider, vec![typed; 3]).await, TOO_LARGE);
    assert!(provider.was_sent_nothing());
}

#[tokio::test]
async fn a_form_is_measured_as_it_is_sent() {
    let provider = Provider::agreeable().await;
    let send = async |value: String| {
        let form = Body::Form(vec![("a".to_owned(), value)]);
        send_bare(&grant_for(provider.address), &post("/", form)).await
    };
    // Each of these letters is three on the wire.
    assert_refused(send("&".repeat(MAX_REQUEST_BYTES / 3)).await, TOO_LARGE);
    assert_eq!(send("&".repeat(MAX_REQUEST_BYTES / 3 - 10)).await.unwrap().status, 200);
}
