//! Solutions in the shapes of capsolver's pages, made of a token that names its task.

use serde_json::{Value, json};

use crate::call::Made;

pub(super) fn token(made: &Made<'_>) -> Value {
    json!({"token": made.token})
}

pub(super) fn token_of_a_browser(made: &Made<'_>) -> Value {
    json!({"token": made.token, "userAgent": made.user_agent})
}

/// Without `seccode`: whoever needs it puts it together.
pub(super) fn geetest_v3(made: &Made<'_>) -> Value {
    json!({"challenge": made.about["challenge"], "validate": made.token})
}

pub(super) fn geetest_v4(made: &Made<'_>) -> Value {
    json!({
        "captcha_id": made.about["captcha_id"],
        "captcha_output": made.token,
        "gen_time": "1693924478",
        "lot_number": "7d0e5a5b4c8d4a1b8e4b6e0e9f1c2d3a",
        "pass_token": made.token,
        "risk_type": "slide",
    })
}

pub(super) fn clearance(made: &Made<'_>) -> Value {
    json!({
        "cookies": format!("cf_clearance={}", made.token),
        "headers": {"User-Agent": made.user_agent, "accept-language": "en", "referer": made.about["page"]},
        "page_url": made.about["page"],
        "token": made.token,
    })
}

pub(super) fn aws_waf(made: &Made<'_>) -> Value {
    json!({"cookie": made.token})
}

pub(super) fn datadome(made: &Made<'_>) -> Value {
    json!({"cookie": format!("datadome={}", made.token), "userAgent": made.user_agent})
}

pub(super) fn kasada(made: &Made<'_>) -> Value {
    json!({"user-agent": made.user_agent, "x-kpsdk-cd": made.token, "x-kpsdk-ct": made.token})
}

pub(super) fn akamai_web(made: &Made<'_>) -> Value {
    json!({"sensorData": made.token})
}

pub(super) fn akamai_bmp(made: &Made<'_>) -> Value {
    let sensors: Vec<String> = (0..number(made, "count")).map(|n| format!("{n},{}", made.token)).collect();
    let version = made.about["version"].as_str().unwrap_or("3.2.6");
    json!({"deviceId": "simulated", "deviceName": "iPhone14,2/16.0.2", "sensors": sensors, "version": version})
}

/// Three in a row; at least the first tile matches.
pub(super) fn tiles(made: &Made<'_>) -> Value {
    let picture = number(made, "digest") | 1;
    let objects: Vec<u64> = (0..9).filter(|tile| (picture >> tile) & 1 == 1).collect();
    json!({"type": "multi", "objects": objects, "size": 3})
}

pub(super) fn puzzle(made: &Made<'_>) -> Value {
    let place = number(made, "digest") % 300;
    match made.about["module"].as_str().unwrap_or_default() {
        "slider_1" => json!({"distance": place}),
        "space_detection" => json!({"box": [place, 107.5]}),
        "shein" => json!({"rects": [{"x1": place, "y1": 10, "x2": place + 40, "y2": 50}]}),
        _ => json!({"angle": place}),
    }
}

pub(super) fn aws_images(made: &Made<'_>) -> Value {
    let is_grid = made.about["question"].as_str().is_some_and(|question| question.starts_with("aws:grid:"));
    if !is_grid {
        return json!({"box": [116.7, 164.1]});
    }
    let objects: Vec<u64> = (0..number(made, "images")).step_by(2).collect();
    json!({"objects": objects})
}

pub(super) fn screenshot(made: &Made<'_>) -> Value {
    json!({"objects": [number(made, "digest") % 6]})
}

fn number(made: &Made<'_>, name: &str) -> u64 {
    made.about[name].as_u64().unwrap_or_default()
}
