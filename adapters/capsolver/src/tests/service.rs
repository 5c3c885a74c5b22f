//! Every family through a service that speaks CapSolver's format: submitted, accepted, polled, solved, and the solution
//! is one that clients read.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

use adapter_kit::Request;
use capstan_simulator::{Settings, Simulator, WireFormat};
use catalogue::catalogue::{by_name, solution};

use super::*;
use crate::families::all;

/// What the service answers to a request, with the key where the request wants it.
fn send(address: SocketAddr, request: &Request) -> Reply {
    let shown = fixture::request_json(request);
    let mut body = shown["json"].clone();
    body["clientKey"] = json!("simulator");
    let (path, body) = (shown["url"].as_str().unwrap(), body.to_string());
    let head =
        format!("POST {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", body.len());
    let mut connection = TcpStream::connect(address).unwrap();
    connection.write_all(format!("{head}{body}").as_bytes()).unwrap();
    let mut answer = String::new();
    connection.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Reply::Response(Response { status, headers: vec![], body: body.into() })
}

/// Where an operation ends that takes one request.
fn end(address: SocketAddr, operation: Operation) -> Step {
    let step = begin::<CapSolver>(operation);
    let Step::Send((request, state)) = step else { panic!("nothing was sent: {}", fixture::step_json(&step)) };
    advance::<CapSolver>(&state, send(address, &request))
}

/// The solution of a task of the family, and whether it was in the answer to its submit.
fn solved(address: SocketAddr, family: &str, proxy: Option<Proxy>) -> (String, bool) {
    let (parameters, needed) = families::task(by_name(family).unwrap());
    let operation = submission(family, &json!(parameters), proxy.or(needed));
    let reference = match end(address, operation) {
        Step::Solved(solved) => return (solved.solution, true),
        Step::Accepted(accepted) => accepted.reference,
        step => panic!("{family}: {}", fixture::step_json(&step)),
    };
    let step = end(address, Operation::Poll(vec![OpenTask { reference, family: family.into(), memo: vec![] }]));
    let Step::Polled(verdicts) = &step else { panic!("{family}: {}", fixture::step_json(&step)) };
    let [verdict] = verdicts.as_slice() else { panic!("{family}: not one verdict") };
    let Standing::Solved(solved) = &verdict.standing else { panic!("{family}: {}", fixture::step_json(&step)) };
    (solved.solution.clone(), false)
}

#[test]
fn every_family_is_taken_and_solved_by_a_service_that_checks_its_tasks() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let settings = Settings { speaks: WireFormat::Capsolver, ..Settings::default() };
    let simulator = runtime.block_on(Simulator::start(settings)).unwrap();
    for served in all() {
        let family = by_name(served.name).unwrap();
        let (solution, at_once) = solved(simulator.address(), family.name, None);
        let complete = solution::complete(family, &solution);
        assert!(complete.is_ok(), "{}: {complete:?}", family.name);
        let in_the_answer = !family.takes_proxy || served.path.starts_with("/akamai");
        assert_eq!(at_once, in_the_answer, "{}", family.name);
        if served.proxy() == adapter_kit::ProxySupport::Optional {
            let (solution, _) = solved(simulator.address(), family.name, Some(proxy("203.0.113.7")));
            assert!(solution::complete(family, &solution).is_ok(), "{} through a proxy", family.name);
        }
    }
}
