//! Starting and stopping.

use capstan_simulator::{KeySettings, Settings, Simulator, Usd};
use serde_json::json;
use tokio::io::AsyncReadExt as _;
use tokio::time::timeout;

use crate::client::{Client, TURNSTILE, create_body, rest_of};
use crate::{PATIENCE, started};

#[tokio::test]
async fn a_stopped_simulator_leaves_open_requests_without_an_answer_and_its_port_free() {
    let (simulator, control, client) = started().await;
    control.hold_creates();
    let body = create_body(TURNSTILE).to_string();
    let open =
        tokio::task::JoinSet::from_iter([async move { client.exchange("POST", "/createTask", body.as_bytes()).await }]);
    timeout(PATIENCE, control.until(|stats| stats.creates == 1)).await.unwrap();
    let address = simulator.address();
    timeout(PATIENCE, simulator.stop()).await.unwrap();
    assert_eq!(timeout(PATIENCE, open.join_all()).await.unwrap(), [b""]);
    assert!(Client::new(address).send("GET", "/", b"").await.is_err());
    assert_eq!(control.stats().creates, 1);

    let settings = Settings { listen: address, keys: vec![], ..Settings::default() };
    let again = Simulator::start(settings.clone()).await.unwrap();
    assert!(Simulator::start(settings).await.is_err(), "two cannot have one address");
    drop(again);
}

#[tokio::test]
async fn connections_that_a_client_keeps_are_closed_by_a_stop_and_by_a_drop() {
    for dropped in [false, true] {
        let (simulator, _control, client) = started().await;
        let mut connection = client.open("POST", "/getBalance", ("keep-alive", b"{}")).await.unwrap();
        let mut first = [0; 15];
        timeout(PATIENCE, connection.read_exact(&mut first)).await.unwrap().unwrap();
        assert_eq!(&first, b"HTTP/1.1 200 OK");
        if dropped {
            drop(simulator)
        } else {
            timeout(PATIENCE, simulator.stop()).await.unwrap()
        }
        rest_of(&mut connection).await.unwrap();
    }
}

#[tokio::test]
async fn settings_that_make_no_sense_do_not_start() {
    let mut settings = Settings::default();
    settings.behaviour.time_scale = -1.0;
    assert!(Simulator::start(settings).await.is_err());
    let settings: Settings = serde_json::from_value(json!({
        "seed": 5,
        "keys": [{"key": "k", "balance": "2.5"}],
        "behaviour": {"latency": {"kind": "lognormal", "median_ms": 1, "sigma": 0.1}}
    }))
    .unwrap();
    assert_eq!(settings.keys, [KeySettings { key: "k".to_owned(), balance: Usd::from_nanos(2_500_000_000) }]);
    assert!(Simulator::start(settings).await.is_ok());
}
