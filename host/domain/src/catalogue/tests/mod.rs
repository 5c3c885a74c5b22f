//! Tests of the catalogue, by what they are about.

mod addresses;
mod names;
mod parameters;
mod passing;
mod pictures;
mod schemas;
mod solutions;
mod variants;

use serde_json::Value;

use super::{CanonicalTask, TaskError, parse};

const PAGE: &str = "https://example.com/login?a=1";

fn read(task: Value) -> Result<CanonicalTask, TaskError> {
    parse(task.as_object().unwrap())
}

/// What a refusal says.
fn refusal(task: Value) -> String {
    read(task).err().unwrap().to_string()
}
