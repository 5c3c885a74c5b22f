//! What createTask costs: `echo` is axum that reads a JSON body and answers JSON of the same size as a gateway's answer;
//! `native` is the whole gateway with the adapter linked into it instead of sandboxed; `full` is the gateway as it is shipped.
//!
//! Both gateways authenticate, limit the rate, route, set the price aside durably (SQLite, WAL, synchronous=FULL), ask the
//! provider over HTTP, capture and seal the solution, count and log.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::Url;

use super::{Args, at_full_load, measure};
use crate::load::{self, Load, Target};
use crate::report::{self, Figures};
use crate::server::{self, Child, Kind};

/// An image of 300 bytes: as little as is taken, so that the provider's and the network's part stay small.
fn task() -> Value {
    let mut image = vec![0u8; 300];
    image[..6].copy_from_slice(b"GIF89a");
    json!({"type": "ImageToTextTask", "body": base64(&image)})
}

/// What the load looks for in every answer.
const SOLVED: &str = "\"status\":\"ready\"";

pub(crate) async fn compare(args: &Args) -> Result<()> {
    let (upstream, _provider) = provider().await?;
    let full = Child::start(Kind::Full, Some(&upstream), ("", args.postgres)).await?;
    let native = Child::start(Kind::Native, Some(&upstream), ("", args.postgres)).await?;
    let answer = load::ask_once(&at(&full)).await?;
    ensure!(answer.contains(SOLVED), "not solved at once: {answer}");
    let echo = Child::start(Kind::Echo, None, (&server::filler(answer.len()), false)).await?;
    compare_all(args, [echo, native, full].into()).await
}

/// The gateway as it is shipped against one whose writer answers at once: what of createTask's throughput and latency the
/// durable hold and settlement leave.
pub(crate) async fn compare_durability(args: &Args) -> Result<()> {
    let (upstream, _provider) = provider().await?;
    let unwritten = Child::start(Kind::Unwritten, Some(&upstream), ("", args.postgres)).await?;
    let full = Child::start(Kind::Full, Some(&upstream), ("", args.postgres)).await?;
    compare_all(args, [unwritten, full].into()).await
}

/// The instant guest's provider, served until what is returned is dropped.
pub(crate) async fn provider() -> Result<(Url, tokio::task::JoinSet<std::io::Result<()>>)> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let upstream = Url::parse(&format!("http://{}", listener.local_addr()?))?;
    let mut provider = tokio::task::JoinSet::new();
    let solve = axum::Router::new().route("/solve", axum::routing::get(async || "the answer"));
    provider.spawn(async move { axum::serve(listener, solve).await });
    Ok((upstream, provider))
}

/// A whole task of the gateway's.
pub(crate) fn at(child: &Child) -> Target {
    let body = json!({"clientKey": child.client_key(), "task": task()});
    Target::new(&child.address(), "/createTask", &[body], SOLVED)
}

async fn compare_all(args: &Args, children: Vec<Child>) -> Result<()> {
    let servers: Vec<(&Child, Target)> = children.iter().map(|child| (child, at(child))).collect();
    let at_full = at_full_load(args, &servers).await?;
    println!("{}", report::table("as many as it takes", &at_full));

    let slowest = at_full.iter().map(|figures| figures.per_second).fold(f64::INFINITY, f64::min);
    let per_second = args.rate.map_or(slowest / 2.0, f64::from);
    let evenly = Load {
        connections: args.connections.saturating_mul(4).min(1024),
        lasts: Duration::from_secs(args.seconds),
        per_second: Some(per_second),
    };
    let mut figures: Vec<Figures> = Vec::new();
    for (child, target) in &servers {
        figures.push(measure(child, target, evenly).await?);
    }
    println!("{}", report::table(&format!("{per_second:.0} requests per second"), &figures));
    drop(servers);
    for child in children.into_iter().rev() {
        child.stop().await?;
    }
    Ok(())
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    // The length is a multiple of three, so that there is nothing to pad.
    let groups = bytes.chunks_exact(3).flat_map(|three| {
        let bits = three.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte));
        [18, 12, 6, 0].map(|shift| char::from(LETTERS[bits >> shift & 63]))
    });
    groups.collect()
}
