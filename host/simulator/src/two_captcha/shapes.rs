//! What methods are answered with, in this service's own shapes. Tokens in them name their task.

use serde_json::{Value, json};

use crate::call::Made;

pub(super) fn token(made: &Made<'_>) -> Value {
    json!(made.token)
}

/// With the browser that it is bound to. The newer API documents it so; how this one writes it is not documented.
pub(super) fn token_and_browser(made: &Made<'_>) -> Value {
    json!({ "token": made.token, "userAgent": made.user_agent })
}

/// With the bars that FunCaptcha's tokens have.
pub(super) fn funcaptcha(made: &Made<'_>) -> Value {
    json!(format!("{}|r=eu-west-1|meta=3|pk={}|surl=https://funcaptcha.com", made.token, text(made, "publickey")))
}

/// With the bars and the number at the end that KeyCaptcha's answers have.
pub(super) fn keycaptcha(made: &Made<'_>) -> Value {
    json!(format!("{}|https://back10.keycaptcha.example/|{}|1", made.token, text(made, "s_s_c_session_id")))
}

pub(super) fn geetest(made: &Made<'_>) -> Value {
    json!({
        "geetest_challenge": text(made, "challenge"),
        "geetest_validate": made.token,
        "geetest_seccode": format!("{}|jordan", made.token),
    })
}

pub(super) fn geetest_v4(made: &Made<'_>) -> Value {
    json!({
        "captcha_id": text(made, "captcha_id"),
        "lot_number": "7fafac97a43d4701aee908afa49c73ba",
        "pass_token": made.token,
        "gen_time": "1648112802",
        "captcha_output": made.token,
    })
}

pub(super) fn lemin(made: &Made<'_>) -> Value {
    json!({ "answer": made.token, "challenge_id": "a33515c5-9095-4c2a-b2eb-c86214d62f98" })
}

pub(super) fn capy(made: &Made<'_>) -> Value {
    json!({ "captchakey": text(made, "captchakey"), "challengekey": "y1Pu234nCwq56WnqB7y8TSZq0Qzp0ltK", "answer": made.token })
}

pub(super) fn tencent(made: &Made<'_>) -> Value {
    json!({ "appid": text(made, "app_id"), "ret": 0, "ticket": made.token, "randstr": "@KVN" })
}

pub(super) fn amazon_waf(made: &Made<'_>) -> Value {
    json!({ "captcha_voucher": made.token, "existing_token": format!("25b7ee41:{}", made.token) })
}

pub(super) fn datadome(made: &Made<'_>) -> Value {
    json!(format!("datadome={}; Max-Age=31536000; Path=/; Secure; SameSite=Lax", made.token))
}

/// "A JSON string with cookies."
pub(super) fn cookies(made: &Made<'_>) -> Value {
    json!(json!({ "simulated": made.token }).to_string())
}

pub(super) fn angles(made: &Made<'_>) -> Value {
    let more = if made.about.get("file_2").is_some() { "|-120" } else { "" };
    json!(format!("40{more}"))
}

pub(super) fn boxes(_made: &Made<'_>) -> Value {
    json!(r#"[{"xMin":10,"xMax":31,"yMin":6,"yMax":21}]"#)
}

pub(super) fn tiles(_made: &Made<'_>) -> Value {
    json!("click:3/8/9")
}

pub(super) fn lines(_made: &Made<'_>) -> Value {
    json!("canvas:5,5,3,91,93,90,90,7,8,6;208,211,208,287,294,294,293,209,207,210;")
}

pub(super) fn points(_made: &Made<'_>) -> Value {
    json!("coordinates:x=39,y=59;x=252,y=72")
}

pub(super) fn vk_image(made: &Made<'_>) -> Value {
    json!({ "best_step": 24, "answer": made.token })
}

/// What of the task an answer takes up.
fn text<'a>(made: &Made<'a>, name: &str) -> &'a str {
    made.about.get(name).and_then(Value::as_str).unwrap_or_default()
}
