//! A walk through the catalogue: what the adapter sends is taken by the simulated service, and what that answers is a
//! solution of the family.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use adapter_kit::{Body, Method, Placement, ProxyScheme, Request};
use capstan_simulator::{Create, Settings, Simulator, WireFormat};
use catalogue::catalogue as field;
use serde_json::Map;
use url::form_urlencoded::Serializer;

use super::*;

/// What 2captcha documents no method for.
const NOT_SERVED: [&str; 16] = [
    "cloudflare_clearance",
    "cloudflare_wait_room",
    "castle",
    "temu",
    "slider",
    "aws_waf_classification",
    "funcaptcha_classification",
    "anti_captcha_anti_gate",
    "anti_captcha_anti_bot_cookie",
    "capsolver_anti_akamai_bmp",
    "capsolver_anti_akamai_web",
    "capsolver_anti_kasada",
    "capmonster_recognition",
    "capmonster_complex_image",
    "ez_captcha_akamai_web",
    "ez_captcha_akamai_sbsd",
];

fn catalogued(family: &classic::Family) -> &'static field::Family {
    field::by_name(family.name).unwrap_or_else(|| panic!("{} is not in the catalogue", family.name))
}

/// The family's example, with what the provider needs beyond the catalogue.
fn example(family: &classic::Family) -> Map<String, Value> {
    let known = catalogued(family);
    let mut task = field::example(known);
    task.remove("type");
    for name in family.needs {
        task.insert((*name).to_owned(), value(known, name));
    }
    task
}

/// A value of a parameter, as much of it as a service needs.
fn value(family: &field::Family, name: &str) -> Value {
    let value = field::example::value(family.field(name).unwrap());
    match (family.name, &value) {
        ("temu_image", Value::Array(parts)) => json!([parts[0], parts[0], parts[0]]),
        _ => value,
    }
}

fn own_proxy() -> Proxy {
    let (login, password) = (Some("user".to_owned()), Some("secret".to_owned()));
    Proxy { scheme: ProxyScheme::Socks5, host: "203.0.113.7".to_owned(), port: 1080, login, password }
}

/// The client's proxy where a family cannot do without.
fn needed_proxy(family: &classic::Family) -> Option<Proxy> {
    (family.proxy == ProxySupport::Required).then(own_proxy)
}

/// A simulated 2captcha that solves at once.
struct Service(Simulator);

impl Service {
    async fn start() -> Self {
        Self(Simulator::start(Settings { speaks: WireFormat::TwoCaptcha, ..Settings::default() }).await.unwrap())
    }

    /// Runs an operation to its end, with the service as the provider.
    async fn run(&self, operation: Operation) -> Step {
        self.0.control().script([Create::solved_after(0)]);
        let mut step = begin::<TwoCaptcha>(operation);
        while let Step::Send((request, state)) = step {
            let address = self.0.address();
            let reply = tokio::task::spawn_blocking(move || exchange(address, &request)).await.unwrap();
            step = advance::<TwoCaptcha>(&state, Reply::Response(reply));
        }
        self.0.control().clear_script();
        step
    }

    async fn submit(&self, family: &str, task: &Map<String, Value>, proxy: Option<Proxy>) -> Step {
        self.run(submission(family, &Value::Object(task.clone()), proxy)).await
    }

    /// What the service was sent for the last task.
    fn last_task(&self) -> BTreeMap<String, String> {
        let received = self.0.control().received();
        let task = received.iter().rev().find_map(|received| received.task.as_ref()).unwrap();
        serde_json::from_slice(task).unwrap()
    }
}

/// Sends a request with the key in its place, as the host would.
fn exchange(address: std::net::SocketAddr, request: &Request) -> Response {
    let (content_type, body) = written(&request.body);
    let in_query = request.placements.contains(&Placement::query("key", "key"));
    let key = if in_query { "&key=simulator" } else { "" };
    let method = if request.method == Method::Get { "GET" } else { "POST" };
    let mut connection = TcpStream::connect(address).unwrap();
    let head = format!(
        "{method} {}{key} HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\ncontent-type: {content_type}\r\n\
         content-length: {}\r\n\r\n",
        request.url,
        body.len()
    );
    connection.write_all(head.as_bytes()).unwrap();
    connection.write_all(&body).unwrap();
    let mut answer = Vec::new();
    connection.read_to_end(&mut answer).unwrap();
    let end = answer.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let status = std::str::from_utf8(&answer[9..12]).unwrap().parse().unwrap();
    Response { status, headers: vec![], body: answer[end + 4..].to_vec() }
}

/// A body's content type and bytes, with the key in it.
fn written(body: &Body) -> (&'static str, Vec<u8>) {
    match body {
        Body::Empty => ("text/plain", vec![]),
        Body::Form(fields) => {
            let text = Serializer::new(String::new()).extend_pairs(fields).append_pair("key", "simulator").finish();
            ("application/x-www-form-urlencoded", text.into_bytes())
        }
        Body::Multipart(parts) => {
            let mut bytes = Vec::new();
            for part in parts.iter().chain([&adapter_kit::Part::text("key", "simulator")]) {
                let file = part.file_name.as_ref().map_or(String::new(), |name| format!("; filename=\"{name}\""));
                let head = format!("--B0\r\ncontent-disposition: form-data; name=\"{}\"{file}\r\n\r\n", part.name);
                bytes.extend([head.as_bytes(), &part.data, b"\r\n"].concat());
            }
            bytes.extend(b"--B0--\r\n");
            ("multipart/form-data; boundary=B0", bytes)
        }
        Body::Json(_) | Body::Bytes(_) => panic!("in.php is sent forms"),
    }
}

#[test]
fn every_family_of_the_catalogue_is_served_or_known_not_to_be() {
    let served: BTreeSet<_> = FAMILIES.iter().map(|family| family.name).collect();
    assert_eq!(served.len(), FAMILIES.len(), "a family is listed twice");
    let known: BTreeSet<_> = field::all().iter().map(|family| family.name).collect();
    let not_served: BTreeSet<_> = NOT_SERVED.into_iter().collect();
    assert_eq!(known.difference(&served).copied().collect::<BTreeSet<_>>(), not_served);
    assert!(served.is_subset(&known));
}

#[tokio::test]
async fn every_familys_example_is_taken_solved_and_complete() {
    let service = Service::start().await;
    for family in FAMILIES {
        let step = service.submit(family.name, &example(family), needed_proxy(family)).await;
        let Step::Accepted(accepted) = step else { panic!("{}: {}", family.name, fixture::step_json(&step)) };
        let open = OpenTask { reference: accepted.reference, family: family.name.to_owned(), memo: accepted.memo };
        let step = service.run(Operation::Poll(vec![open])).await;
        let Step::Polled(verdicts) = &step else { panic!("{}: {}", family.name, fixture::step_json(&step)) };
        let [Verdict { standing: Standing::Solved(solved), .. }] = verdicts.as_slice() else {
            panic!("{}: {}", family.name, fixture::step_json(&step))
        };
        let complete = field::solution::complete(catalogued(family), &solved.solution);
        assert!(complete.is_ok(), "{}: {complete:?}", family.name);
    }
}

#[tokio::test]
async fn a_proxy_is_taken_where_the_manifest_says_so_and_nowhere_else() {
    let service = Service::start().await;
    for family in FAMILIES {
        let step = service.submit(family.name, &example(family), Some(own_proxy())).await;
        if family.proxy == ProxySupport::Never {
            assert_eq!(failed(step).class, FaultClass::NotSupported, "{}", family.name);
            continue;
        }
        assert!(matches!(step, Step::Accepted(_)), "{}: {}", family.name, fixture::step_json(&step));
        let sent = service.last_task();
        assert_eq!(sent.get("proxy").map(String::as_str), Some("user:secret@203.0.113.7:1080"), "{}", family.name);
        assert_eq!(sent.get("proxytype").map(String::as_str), Some("SOCKS5"), "{}", family.name);
    }
    for family in FAMILIES.iter().filter(|family| family.proxy == ProxySupport::Required) {
        let fault = failed(service.submit(family.name, &example(family), None).await);
        assert_eq!((fault.class, fault.code.as_str()), (FaultClass::NotSupported, "PROXY_REQUIRED"), "{}", family.name);
    }
}

#[tokio::test]
async fn every_other_parameter_is_taken_or_refused_by_its_name_before_anything_is_sent() {
    let service = Service::start().await;
    let mut refused = Vec::new();
    for family in FAMILIES {
        let (known, example) = (catalogued(family), example(family));
        for name in known.fields.iter().map(|field| field.name).filter(|name| !example.contains_key(*name)) {
            let mut task = example.clone();
            task.insert(name.to_owned(), value(known, name));
            let before = service.0.control().stats().creates;
            match service.submit(family.name, &task, needed_proxy(family)).await {
                Step::Accepted(_) => {}
                Step::Failed(fault) => {
                    assert_eq!(fault.class, FaultClass::NotSupported, "{} {name}: {}", family.name, fault.message);
                    assert!(fault.message.contains(name), "{} {name}: {}", family.name, fault.message);
                    assert_eq!(service.0.control().stats().creates, before, "{} {name}", family.name);
                    refused.push(format!("{}.{name}", family.name));
                }
                step => panic!("{} {name}: {}", family.name, fixture::step_json(&step)),
            }
        }
    }
    // What a solver cannot do without is never left out in silence: these are the limits of the service.
    for limit in ["recaptcha_v3.cookies", "aws_waf.cookieSolution", "friendly.apiGetLib", "grid.imageUrls"] {
        assert!(refused.iter().any(|known| known == limit), "{limit} in {refused:?}");
    }
}

#[test]
fn what_the_catalogue_leaves_open_and_the_service_needs_is_asked_for_by_name() {
    let manifest = describe::<TwoCaptcha>();
    for family in FAMILIES {
        let served = manifest.task_types.iter().find(|served| served.family == family.name).unwrap();
        let schema = served.schema.as_ref().map(|text| serde_json::from_str::<Value>(text).unwrap());
        assert_eq!(schema, (!family.needs.is_empty()).then(|| json!({ "required": family.needs })), "{}", family.name);
        for name in family.needs {
            let mut task = example(family);
            task.remove(*name);
            let fault =
                failed(begin::<TwoCaptcha>(submission(family.name, &Value::Object(task), needed_proxy(family))));
            assert_eq!(fault.class, FaultClass::NotSupported, "{} {name}", family.name);
            assert!(fault.message.contains(name), "{}", fault.message);
        }
    }
}
