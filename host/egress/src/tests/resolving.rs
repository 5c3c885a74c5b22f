//! Names that change their addresses, or have several: what the client connects to in the end.
//!
//! Nothing here leaves the machine. The public address is played by 127.0.0.2, which is granted; the private one by
//! 0.0.0.0, which no grant allows and which leads to 127.0.0.1 all the same, so that a listener there hears it.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use axum::body::Body as AxumBody;
use axum::http::Response;
use tokio::net::{TcpListener, TcpStream};

use super::support::{Provider, Seen, get, grant, provider_id, settings, vault};
use crate::address::{LookUp, NoAddress};
use crate::clients::{ClientKey, Clients};
use crate::{Blame, Egress, EgressError};

const PUBLIC: Ipv4Addr = Ipv4Addr::new(127, 0, 0, 2);
const PRIVATE: Ipv4Addr = Ipv4Addr::UNSPECIFIED;

/// Answers each look-up with the next of these lists, and fails when there is none left.
fn answers<const N: usize>(lists: [&[Ipv4Addr]; N]) -> LookUp {
    let sockets = |list: &[Ipv4Addr]| list.iter().map(|ip| SocketAddr::new(IpAddr::V4(*ip), 0)).collect();
    let lists: Mutex<VecDeque<Vec<SocketAddr>>> = Mutex::new(lists.into_iter().map(sockets).collect());
    Arc::new(move |name| {
        assert_eq!(name, "two-faced.example");
        let next = lists.lock().unwrap().pop_front();
        Box::pin(async move { next.ok_or_else(|| std::io::Error::other("looked up too often")) })
    })
}

/// Listeners on one port of the public address and of where the private one leads, and that port.
async fn listeners() -> (TcpListener, TcpListener, u16) {
    loop {
        let public = TcpListener::bind((PUBLIC, 0)).await.unwrap();
        let port = public.local_addr().unwrap().port();
        if let Ok(private) = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await {
            return (public, private, port);
        }
    }
}

/// Says who answers, and closes the connection, so that the next request needs another one.
fn closing(who: &'static str) -> impl Fn(&Seen) -> Response<AxumBody> + Clone {
    move |_| Response::builder().header("connection", "close").body(AxumBody::from(who)).unwrap()
}

/// The crate's own client: what it is asked for has been vetted before, so that plain http shows what it connects to.
fn client(look_up: LookUp) -> reqwest::Client {
    let key = ClientKey { provider: provider_id(), credential: None, loopback: true };
    Clients::new(settings(), look_up).unwrap().get(key).unwrap()
}

fn no_address(error: &reqwest::Error) -> Option<&NoAddress> {
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        if let Some(found) = inner.downcast_ref() {
            return Some(found);
        }
        cause = inner.source();
    }
    None
}

#[tokio::test]
async fn a_name_that_is_public_at_first_and_private_then_is_refused_then() {
    let (public, private, port) = listeners().await;
    let (public, private) =
        (Provider::start_at(public, closing("public")), Provider::start_at(private, closing("not")));
    let url = format!("http://two-faced.example:{port}/");
    let client = client(answers([&[PUBLIC], &[PRIVATE], &[PUBLIC]]));
    assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), "public");
    let error = client.get(&url).send().await.unwrap_err();
    assert!(error.is_connect() && matches!(no_address(&error), Some(NoAddress::OnlySpecial)), "{error:?}");
    assert_eq!((public.connections(), private.connections()), (1, 0));
    assert_eq!(client.get(&url).send().await.unwrap().text().await.unwrap(), "public");
    // The private address does lead to the other listener, for whoever connects to it.
    drop(TcpStream::connect((PRIVATE, port)).await.unwrap());
    assert_eq!(answer_at(Ipv4Addr::LOCALHOST, port).await, "not");
}

/// What answers at an address.
async fn answer_at(address: Ipv4Addr, port: u16) -> String {
    let url = format!("http://{address}:{port}/");
    client(answers([])).get(url).send().await.unwrap().text().await.unwrap()
}

#[tokio::test]
async fn a_name_with_a_public_and_a_private_address_never_leads_to_the_private_one() {
    let (public, private, port) = listeners().await;
    let public = Provider::start_at(public, closing("public"));
    let private = Provider::start_at(private, closing("not"));
    let url = format!("http://two-faced.example:{port}/");
    for list in [[PRIVATE, PUBLIC], [PUBLIC, PRIVATE]] {
        let reply = client(answers([&list])).get(&url).send().await.unwrap();
        assert_eq!(reply.text().await.unwrap(), "public", "{list:?}");
    }
    assert_eq!((public.connections(), private.connections()), (2, 0));
}

#[tokio::test]
async fn a_private_address_is_no_way_out_when_the_public_one_is_down() {
    let (public, private, port) = listeners().await;
    drop(public);
    let private = Provider::start_at(private, closing("not"));
    let url = format!("http://two-faced.example:{port}/");
    let error = client(answers([&[PUBLIC, PRIVATE]])).get(&url).send().await.unwrap_err();
    assert!(error.is_connect() && no_address(&error).is_none(), "{error:?}");
    assert_eq!(private.connections(), 0);
}

#[tokio::test]
async fn a_name_that_turns_private_is_told_as_such_and_surely_not_sent() {
    let (public, private, port) = listeners().await;
    let (public, private) =
        (Provider::start_at(public, closing("public")), Provider::start_at(private, closing("not")));
    let egress = Egress::with_look_up(vault(), settings(), answers([&[PUBLIC], &[PRIVATE]])).unwrap();
    let grant = grant(&format!("https://two-faced.example:{port}/"));
    // The listener speaks no TLS: that it was connected to is what counts.
    let first = egress.send(&grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(first, EgressError::NotConnected { .. }), "{first:?}");
    let second = egress.send(&grant, None, &get("/")).await.unwrap_err();
    assert!(matches!(second, EgressError::NoVettedAddress { .. }), "{second:?}");
    assert!(second.surely_not_sent() && second.blame() == Blame::Provider);
    assert_eq!((public.connections(), private.connections()), (1, 0));
}
