//! What getTaskResult costs: `echo` is axum that reads a JSON body and answers the very JSON that the gateway answers;
//! `polled` is the gateway as it is shipped, asked for tasks that are open, and then for tasks that have ended.
//!
//! The gateway authenticates, limits the rate per task, finds the task and counts. An open task is in its memory; one that
//! has ended is in its database, the solution sealed.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::{Args, at_full_load};
use crate::load::{self, Target};
use crate::report;
use crate::server::{Child, Kind};

/// Compares for one state of the tasks.
pub(crate) async fn compare(args: &Args) -> Result<()> {
    let gateway = Child::start(Kind::Polled, None, ("", false)).await?;
    for (state, tasks) in [("processing", "openTasks"), ("ready", "endedTasks")] {
        let named = gateway.said(tasks).as_array().cloned().unwrap_or_default();
        ensure!(!named.is_empty(), "no task is {state}");
        let ask = |id: &Value| json!({"clientKey": gateway.client_key(), "taskId": id});
        let bodies: Vec<Value> = named.iter().map(ask).collect();
        let expected = format!("\"status\":\"{state}\"");
        let at = |child: &Child| Target::new(&child.address(), "/getTaskResult", &bodies, &expected);
        let answer = load::ask_once(&at(&gateway)).await?;
        ensure!(answer.contains(&expected), "another answer: {answer}");
        let echo = Child::start(Kind::Echo, None, (&answer, false)).await?;
        let figures = at_full_load(args, &[(&echo, at(&echo)), (&gateway, at(&gateway))]).await?;
        println!("{}", report::table(&format!("{} tasks that are {state}", named.len()), &figures));
        echo.stop().await?;
    }
    gateway.stop().await
}
