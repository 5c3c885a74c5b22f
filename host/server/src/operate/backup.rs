//! A backup, taken by whoever performs the verb: the gateway that runs, or the process that opened the database itself.

use std::path::Path;

use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Call, OperateError};

pub(super) async fn back_up(call: &Call<'_>, file: &str) -> Result<Value, OperateError> {
    let path = Path::new(file);
    if !path.is_absolute() {
        let why = "the gateway does not know the directory that it is meant from; it must be a whole path";
        return Err(OperateError::Bad(format!("file is {file:?}: {why}")));
    }
    let began = Instant::now();
    let made = call.operator.store.back_up(path).await?;
    let contents = made.contents;
    let detail = json!({"bytes": made.bytes, "schemaVersion": contents.schema_version});
    call.operator.store.record_audit(call.line("backup", format!("file {file}"), detail)).await?;
    Ok(json!({
        "file": file, "bytes": made.bytes, "schemaVersion": contents.schema_version, "accounts": contents.accounts,
        "tasks": contents.tasks, "openTasks": contents.open_tasks, "moves": contents.moves,
        "tookMs": u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}
