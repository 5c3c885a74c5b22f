//! What a picture is asked. Models know a list of questions and no others.
//!
//! Sources: the lists of `recognition/ReCaptchaClassification` and `recognition/AwsWafClassification`, and the table of
//! `recognition/VisionEngine`, under <https://docs.capsolver.com/guide/>.

use adapter_kit::{Draft as _, Fault};
use serde_json::{Map, Value, json};

use crate::task::Draft;

/// reCAPTCHA's questions: the code, and the things in the words that its pages use, singular where both occur.
const THINGS: &[(&str, &[&str])] = &[
    ("/m/0pg52", &["taxi"]),
    ("/m/01bjv", &["bus"]),
    ("/m/02yvhj", &["school bus"]),
    ("/m/04_sv", &["motorcycle"]),
    ("/m/013xlm", &["tractor"]),
    ("/m/01jk_4", &["chimney"]),
    ("/m/014xcs", &["crosswalk"]),
    ("/m/015qff", &["traffic light"]),
    ("/m/0199g", &["bicycle"]),
    ("/m/015qbp", &["parking meter"]),
    ("/m/0k4j", &["car"]),
    ("/m/015kr", &["bridge"]),
    ("/m/019jd", &["boat"]),
    ("/m/0cdl1", &["palm tree"]),
    ("/m/09d_r", &["mountains or hill", "mountain"]),
    ("/m/01pns0", &["fire hydrant", "a fire hydrant"]),
    ("/m/01lynh", &["stair"]),
];

/// reCAPTCHA's question: its code, or the thing's name alone. A sentence might mean anything.
pub(crate) fn recaptcha(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let asked = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type("comment"))?.trim();
    let code = if asked.starts_with("/m/") { Some(asked) } else { code_of(&asked.to_ascii_lowercase()) };
    let code = code.ok_or_else(|| {
        Fault::parameter_refused("comment", "it is a code such as /m/04_sv here, or the name of a thing on its list")
    })?;
    draft.set("question", json!(code));
    Ok(())
}

fn code_of(thing: &str) -> Option<&'static str> {
    let is_meant = |name: &&str| matches!(thing.strip_prefix(name), Some("" | "s" | "es"));
    THINGS.iter().find(|(_, names)| names.iter().any(is_meant)).map(|(code, _)| *code)
}

/// AWS WAF's question is a code; a grid is of up to nine pictures, everything else one picture.
pub(crate) fn aws_waf(given: &Map<String, Value>) -> Result<(), Fault> {
    let question = given.get("comment").and_then(Value::as_str).unwrap_or_default();
    if !question.starts_with("aws:") {
        return Err(Fault::parameter_refused("comment", "it is a code such as aws:grid:bed here"));
    }
    let most = if question.starts_with("aws:grid:") { 9 } else { 1 };
    match given.get("images").and_then(Value::as_array) {
        Some(images) if images.len() <= most => Ok(()),
        Some(_) => Err(Fault::parameter_refused("images", "a grid has at most 9 pictures here, everything else one")),
        None => Err(Fault::parameter_of_wrong_type("images")),
    }
}

/// A piece needs the picture that it belongs on; the other puzzles need to be told what is wanted.
pub(crate) fn slider(given: &Map<String, Value>) -> Result<(), Fault> {
    let is_piece = given.get("module").and_then(Value::as_str) == Some("slider_1");
    let needed = if is_piece { "imageBackground" } else { "comment" };
    if given.contains_key(needed) {
        return Ok(());
    }
    Err(Fault::parameter_refused(needed, "this kind of puzzle is not solved without it here"))
}
