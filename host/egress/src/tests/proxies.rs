//! Proxies that the environment names are not used: they would see what is sent, and connect to addresses unvetted.

use std::process::Stdio;

use tokio::process::Command;

use super::support::{Provider, get, grant, send_bare};
use crate::EgressError;

/// Where the second process finds the provider.
const PROVIDER: &str = "CAPSTAN_EGRESS_TEST_PROVIDER";

/// Variables are a process's own and read when a client is made, so this test runs a second time in a process that was
/// started with them.
#[tokio::test]
async fn proxies_of_the_environment_are_not_used() {
    if let Some(provider) = std::env::var_os(PROVIDER) {
        return send_with_proxies_around(provider.to_str().unwrap()).await;
    }
    let (provider, proxy) = (Provider::agreeable().await, Provider::agreeable().await);
    let mut second = Command::new(std::env::current_exe().unwrap());
    second.args(["--exact", "tests::proxies::proxies_of_the_environment_are_not_used"]).stdout(Stdio::null());
    for name in ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"] {
        let url = format!("http://{}", proxy.address);
        second.env(name, &url).env(name.to_lowercase(), url);
    }
    // These switch the others off.
    for name in ["NO_PROXY", "no_proxy", "REQUEST_METHOD"] {
        second.env_remove(name);
    }
    let ended = second.env(PROVIDER, provider.address.to_string()).kill_on_drop(true).status().await.unwrap();
    assert!(ended.success());
    assert_eq!(provider.last().uri.path(), "/direct");
    assert_eq!((provider.connections(), proxy.connections()), (2, 0));
}

async fn send_with_proxies_around(provider: &str) {
    assert!(std::env::var_os("HTTPS_PROXY").is_some_and(|proxy| !proxy.is_empty()));
    assert_eq!(send_bare(&grant(&format!("http://{provider}/")), &get("/direct")).await.unwrap().status, 200);
    // The provider speaks no TLS: that it was connected to, and the proxy was not, is what the first process looks at.
    let error = send_bare(&grant(&format!("https://{provider}/")), &get("/tls")).await.unwrap_err();
    assert!(matches!(error, EgressError::NotConnected { .. }), "{error:?}");
}
