//! A client of the gateway, as plain as a program of the field.

use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

/// Talks to one gateway with one key.
#[derive(Clone)]
pub struct Client {
    http: reqwest::Client,
    url: String,
    /// The key that it sends.
    pub key: String,
}

/// An answer: status and body.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// JSON body.
    pub body: Value,
}

/// A page of a browser's: what the gateway answers to people.
#[derive(Debug)]
pub struct Page {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// Body.
    pub text: String,
}

impl Answer {
    /// The error code, or "" where there is none.
    #[must_use]
    pub fn code(&self) -> &str {
        self.body["errorCode"].as_str().unwrap_or_default()
    }

    /// The error's description.
    #[must_use]
    pub fn description(&self) -> &str {
        self.body["errorDescription"].as_str().unwrap_or_default()
    }

    /// The task's id.
    ///
    /// # Errors
    /// When the answer has none.
    pub fn task_id(&self) -> Result<String> {
        let id = self.body["taskId"].as_str();
        id.map(str::to_owned).with_context(|| format!("no taskId in {}", self.body))
    }
}

/// An answer as it came.
#[derive(Debug)]
pub struct Raw {
    /// HTTP status.
    pub status: u16,
    /// Headers.
    pub headers: reqwest::header::HeaderMap,
    /// The body.
    pub text: String,
}

impl Raw {
    /// A header's text, or "".
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// The body as JSON.
    ///
    /// # Errors
    /// When it is none.
    pub fn json(&self) -> Result<Value> {
        serde_json::from_str(&self.text).with_context(|| format!("no JSON: {}", self.text))
    }
}

/// Longest that a task is waited for.
const PATIENCE: Duration = Duration::from_secs(60);

impl Client {
    /// A client of the gateway at `url`.
    #[must_use]
    #[expect(clippy::disallowed_methods, reason = "this is a client of the gateway, not the gateway")]
    pub fn new(url: impl Into<String>, key: impl Into<String>) -> Self {
        // The build has one TLS provider and no default; a second installation changes nothing.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Self { http: reqwest::Client::new(), url: url.into(), key: key.into() }
    }

    /// The same gateway, another key.
    #[must_use]
    pub fn with_key(&self, key: impl Into<String>) -> Self {
        Self { key: key.into(), ..self.clone() }
    }

    /// Sends whatever is prepared on a request to a path; `GET` when nothing is.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn raw(
        &self,
        (method, path): (&str, &str),
        prepare: impl FnOnce(reqwest::RequestBuilder) -> reqwest::RequestBuilder,
    ) -> Result<Raw> {
        let request = self.http.request(method.parse()?, format!("{}{path}", self.url));
        let response = prepare(request).send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Raw { status, headers, text: response.text().await? })
    }

    /// Sends bytes as they are.
    ///
    /// # Errors
    /// When there is no answer, or it is no JSON.
    pub async fn send(&self, path: &str, body: impl Into<reqwest::Body>) -> Result<Answer> {
        read(self.http.post(format!("{}{path}", self.url)).body(body).send().await?).await
    }

    /// Reads a path without a key.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn get(&self, path: &str) -> Result<Answer> {
        read(self.http.get(format!("{}{path}", self.url)).send().await?).await
    }

    /// Reads a page.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn page(&self, path: &str) -> Result<Page> {
        page(self.http.get(format!("{}{path}", self.url)).send().await?).await
    }

    /// Sends a form, as a browser does.
    ///
    /// # Errors
    /// When there is no answer.
    pub async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Result<Page> {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        page(self.http.post(format!("{}{path}", self.url)).body(body).send().await?).await
    }

    /// Reads a text by GET, such as a gateway's metrics.
    ///
    /// # Errors
    /// When there is no answer, or it is not 200.
    pub async fn read(&self, url: &str) -> Result<String> {
        Ok(self.http.get(url).send().await?.error_for_status()?.text().await?)
    }

    /// Sends a JSON object with the key in it.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn call(&self, path: &str, mut body: Value) -> Result<Answer> {
        body["clientKey"] = json!(self.key);
        self.send(path, body.to_string()).await
    }

    /// createTask.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn create(&self, task: Value) -> Result<Answer> {
        self.call("/createTask", json!({"task": task})).await
    }

    /// getTaskResult.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub async fn result(&self, task: &str) -> Result<Answer> {
        self.call("/getTaskResult", json!({"taskId": task})).await
    }

    /// The balance in dollars.
    ///
    /// # Errors
    /// When it is not given.
    pub async fn balance(&self) -> Result<f64> {
        let answer = self.call("/getBalance", json!({})).await?;
        answer.body["balance"].as_f64().with_context(|| format!("no balance in {}", answer.body))
    }

    /// Polls as a client does until the task has ended; returns the last answer.
    ///
    /// # Errors
    /// When it does not end in a minute.
    pub async fn wait(&self, task: &str) -> Result<Answer> {
        let started = std::time::Instant::now();
        while started.elapsed() < PATIENCE {
            let answer = self.result(task).await?;
            if answer.body["status"] != "processing" {
                return Ok(answer);
            }
            // A client's own pace, well within the limit; not a guess at how long something takes.
            tokio::time::sleep(Duration::from_millis(150)).await;
        }
        bail!("task {task} is still open after {PATIENCE:?}")
    }

    /// Creates a task and waits for its end.
    ///
    /// # Errors
    /// When it is not created or does not end.
    pub async fn solve(&self, task: Value) -> Result<Answer> {
        let created = self.create(task).await?;
        if created.body["status"] == "ready" {
            return Ok(created);
        }
        self.wait(&created.task_id()?).await
    }
}

async fn page(response: reqwest::Response) -> Result<Page> {
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    Ok(Page { status, headers, text: response.text().await? })
}

async fn read(response: reqwest::Response) -> Result<Answer> {
    let status = response.status().as_u16();
    let bytes = response.bytes().await?;
    let body =
        serde_json::from_slice(&bytes).with_context(|| format!("no JSON: {}", String::from_utf8_lossy(&bytes)))?;
    Ok(Answer { status, body })
}

/// A reCAPTCHA v2 task without a proxy.
#[must_use]
pub fn recaptcha() -> Value {
    json!({
        "type": "ReCaptchaV2TokenProxyLess", "websiteURL": "https://www.google.com/recaptcha/api2/demo",
        "websiteKey": "6Le-wvkSAAAAAPBMRTvw0Q4Muexq9bi0DJwx_mJ-", "pageTitle": "reCAPTCHA demo",
    })
}
