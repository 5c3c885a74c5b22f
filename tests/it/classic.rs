//! The classic API, in every form in which its clients ask.

use anyhow::{Result, ensure};
use capstan_tests::gateway::{Setup, TestGateway};
use capstan_tests::suite::test;
use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::api::image;

pub(crate) fn tests() -> Vec<Trial> {
    vec![
        test("classic: a task asked for in each form is solved, read and reported", each_form),
        test("classic: several tasks are read at once, with their prices on request", several_at_once),
        test("classic: refusals are words, and sentences in JSON", refusals),
    ]
}

const PAGE: &str = "https://www.google.com/recaptcha/api2/demo";
const SITE_KEY: &str = "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-";

fn recaptcha(key: &str) -> Vec<(&'static str, String)> {
    let fields = [("method", "userrecaptcha"), ("googlekey", SITE_KEY), ("pageurl", PAGE), ("key", key)];
    fields.into_iter().map(|(name, value)| (name, value.to_owned())).collect()
}

fn encoded(fields: &[(&str, String)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn in_query(fields: &[(&str, String)]) -> String {
    format!("/in.php?{}", encoded(fields))
}

/// Waits for a task's answer.
async fn answer(gateway: &TestGateway, id: &str, action: &str) -> Result<String> {
    let path = format!("/res.php?key={}&action={action}&id={id}&wait=30", gateway.client.key);
    Ok(gateway.client.raw(("GET", &path), |request| request).await?.text)
}

async fn each_form() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let (key, client) = (gateway.client.key.clone(), &gateway.client);
    let mut created = vec![
        client.raw(("GET", &in_query(&recaptcha(&key))), |request| request).await?.text,
        client.raw(("POST", "/in.php"), |request| request.body(encoded(&recaptcha(&key)))).await?.text,
    ];
    let json: serde_json::Map<String, Value> =
        recaptcha(&key).into_iter().map(|(name, value)| (name.to_owned(), json!(value))).collect();
    created.push(client.raw(("POST", "/in.php"), |request| request.body(Value::Object(json).to_string())).await?.text);
    let picture = [("key", key.clone()), ("method", "base64".to_owned()), ("body", image())];
    created.push(client.raw(("POST", "/in.php"), |request| request.body(encoded(&picture))).await?.text);
    let multipart = multipart(&key)?;
    created.push(client.raw(("POST", "/in.php"), multipart).await?.text);
    for text in created {
        let id = text.strip_prefix("OK|").filter(|id| id.bytes().all(|b| b.is_ascii_digit()));
        let id = id.ok_or_else(|| anyhow::anyhow!("{text}"))?;
        let solved = answer(&gateway, id, "get").await?;
        ensure!(solved.starts_with("OK|") && solved.len() > 4 && !solved.contains('{'), "{solved}");
        for action in ["reportgood", "reportbad"] {
            ensure!(answer(&gateway, id, action).await? == "OK_REPORT_RECORDED");
        }
    }
    let balance = answer(&gateway, "", "getbalance").await?;
    ensure!(balance.parse::<f64>().is_ok_and(|balance| balance > 9.0), "{balance}");
    gateway.finish().await
}

type Prepared = Box<dyn FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder>;

/// A picture as a browser's form would send it.
fn multipart(key: &str) -> Result<Prepared> {
    use base64::Engine as _;
    let picture = base64::engine::general_purpose::STANDARD.decode(image())?;
    let mut body = Vec::new();
    for (name, value) in [("key", key), ("method", "post")] {
        body.extend(format!("--x\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n").bytes());
    }
    body.extend(b"--x\r\ncontent-disposition: form-data; name=\"file\"; filename=\"a.png\"\r\n\r\n");
    body.extend(picture);
    body.extend(b"\r\n--x--\r\n");
    Ok(Box::new(move |request| request.header("content-type", "multipart/form-data; boundary=x").body(body)))
}

async fn several_at_once() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let mut ids = Vec::new();
    for _ in 0..2 {
        let query = [recaptcha(&gateway.client.key), vec![("json", "1".to_owned())]].concat();
        let created = gateway.client.raw(("GET", &in_query(&query)), |request| request).await?.json()?;
        ensure!(created["status"] == 1, "{created}");
        let id = created["request"].as_str().unwrap_or_default().to_owned();
        let solved: Value = serde_json::from_str(&answer(&gateway, &format!("{id}&json=1"), "get2").await?)?;
        ensure!(solved["status"] == 1 && solved["price"] == "0.002" && solved["request"].is_string(), "{solved}");
        ids.push(id);
    }
    gateway.provider.hold_solutions();
    let created =
        gateway.client.raw(("GET", &in_query(&recaptcha(&gateway.client.key))), |request| request).await?.text;
    let open = created.trim_start_matches("OK|");
    let path = format!("/res.php?key={}&action=get&ids={},{open},{},12", gateway.client.key, ids[0], ids[1]);
    let text = gateway.client.raw(("GET", &path), |request| request).await?.text;
    let parts: Vec<&str> = text.split('|').collect();
    ensure!(parts.len() == 4 && parts[0] != parts[2] && parts[0].len() > 4, "{text}");
    ensure!(parts[1] == "CAPCHA_NOT_READY" && parts[3] == "ERROR_WRONG_CAPTCHA_ID", "{text}");
    gateway.finish().await
}

async fn refusals() -> Result<()> {
    let gateway = TestGateway::start(Setup::default()).await?;
    let key = gateway.client.key.clone();
    let (bad_site, unknown) = (("pageurl", "nonsense".to_owned()), ("method", "telepathy".to_owned()));
    let with = |change: (&'static str, String)| {
        let mut fields = recaptcha(&key);
        fields.retain(|(name, _)| *name != change.0);
        fields.push(change);
        fields
    };
    for (path, fields, code, named) in [
        ("/in.php", with(bad_site), "ERROR_BAD_PARAMETERS", "task.pageurl"),
        ("/in.php", with(unknown), "ERROR_TASK_NOT_SUPPORTED", "telepathy"),
        ("/in.php", recaptcha("wrong"), "ERROR_KEY_DOES_NOT_EXIST", "key"),
        ("/in.php", recaptcha(&format!("{key}__sooner")), "ERROR_BAD_PARAMETERS", "sooner"),
        ("/res.php", vec![("key", key.clone()), ("action", "dance".to_owned())], "ERROR_BAD_PARAMETERS", "action"),
        ("/res.php", vec![("key", key.clone()), ("id", "77".to_owned())], "ERROR_WRONG_CAPTCHA_ID", "task"),
    ] {
        let text = gateway.client.raw(("POST", path), |request| request.body(encoded(&fields))).await?;
        ensure!((text.status, text.text.as_str()) == (200, code), "{text:?}");
        let fields = [fields, vec![("json", "1".to_owned())]].concat();
        let answer = gateway.client.raw(("POST", path), |request| request.body(encoded(&fields))).await?.json()?;
        ensure!(answer["status"] == 0 && answer["request"] == code, "{answer}");
        ensure!(answer["error_text"].as_str().is_some_and(|text| text.contains(named)), "{answer}");
    }
    gateway.finish().await
}
