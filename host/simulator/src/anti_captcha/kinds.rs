//! anti-captcha's task types beside the common ones: what each must carry, and the shape of its solution.
//!
//! Sources: the pages of these types under anti-captcha.com/apidoc/task-types, and the service's own client libraries.

use serde_json::{Value, json};

use super::tasks::{page, picture, proxy, proxy_address};
use crate::call::{Family, Made, Needs, NewTask, Own, Refusal};
use crate::draw::digest;
use crate::fields::Fields;

/// A task type.
struct Kind {
    /// Its name, without `Proxyless`.
    name: &'static str,
    through: Through,
    /// Checks its fields; answers what of them the solution takes up.
    check: fn(&Fields<'_>) -> Result<Value, Refusal>,
    /// Makes its solution.
    shape: fn(&Made<'_>) -> Value,
}

/// How a type takes the client's proxy.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Through {
    /// Not at all.
    Nothing,
    /// Under this name always; the same name with `Proxyless` goes without.
    Either,
    /// Where one is given; only HTTPS proxies are taken, so none says its kind.
    Given,
    /// Always; none says its kind.
    Always,
}

const KINDS: &[Kind] = &[
    Kind { name: "FunCaptchaTask", through: Through::Either, check: fun_captcha, shape: token },
    Kind { name: "GeeTestTask", through: Through::Either, check: gee_test, shape: gee_test_values },
    Kind { name: "FriendlyCaptchaTask", through: Through::Either, check: site_key, shape: token },
    Kind { name: "ProsopoTask", through: Through::Either, check: site_key, shape: token },
    Kind { name: "AltchaTask", through: Through::Either, check: altcha, shape: bare_token },
    Kind { name: "AmazonTask", through: Through::Either, check: amazon, shape: token },
    Kind { name: "ImageToCoordinatesTask", through: Through::Nothing, check: coordinates, shape: places },
    // The old name of the same type.
    Kind { name: "ImageCoordinatesTask", through: Through::Nothing, check: coordinates, shape: places },
    Kind { name: "AntiGateTask", through: Through::Given, check: anti_gate, shape: session },
    Kind { name: "AntiBotCookieTask", through: Through::Always, check: anti_bot_cookie, shape: session },
];

/// Reads a task of one of these types.
pub(super) fn read(name: &str, fields: &Fields<'_>) -> Result<NewTask, Refusal> {
    let bare = name.strip_suffix("Proxyless");
    let known = KINDS.iter().find(|kind| kind.name == bare.unwrap_or(name)).ok_or(Refusal::TypeUnknown)?;
    if bare.is_some() && known.through != Through::Either {
        return Err(Refusal::TypeUnknown);
    }
    let about = (known.check)(fields)?;
    let proxied = match known.through {
        Through::Nothing => false,
        Through::Either => bare.is_none(),
        Through::Given => fields.optional("proxyAddress")?.is_some(),
        Through::Always => true,
    };
    match known.through {
        Through::Either if proxied => proxy(fields)?,
        Through::Given | Through::Always if proxied => proxy_address(fields)?,
        Through::Nothing | Through::Either | Through::Given | Through::Always => {}
    }
    let user_agent = fields.optional("userAgent")?.map(str::to_owned);
    Ok(NewTask { family: Family::Other, proxied, needs: Needs::Own(Own { user_agent, about, shape: known.shape }) })
}

fn fun_captcha(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    fields.required("websitePublicKey")?;
    fields.optional("funcaptchaApiJSSubdomain")?;
    fields.optional("data")?;
    Ok(Value::Null)
}

fn gee_test(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    let gt = fields.required("gt")?;
    fields.optional("geetestApiServerSubdomain")?;
    fields.optional("geetestGetLib")?;
    match fields.whole("version")?.unwrap_or(3) {
        3 => Ok(json!({"challenge": fields.required("challenge")?})),
        4 => {
            fields.object("initParameters")?;
            Ok(json!({"captcha_id": gt}))
        }
        _ => Err(Refusal::Field("version")),
    }
}

fn site_key(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    fields.required("websiteKey")?;
    Ok(Value::Null)
}

fn altcha(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    if fields.optional("challengeURL")?.is_none() {
        fields.required("challengeJSON")?;
    }
    Ok(Value::Null)
}

fn amazon(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    fields.required("websiteKey")?;
    match fields.optional("waf_type")? {
        None | Some("default") => {
            fields.required("iv")?;
            fields.required("context")?;
        }
        Some("widget") => {
            fields.required("jsapiScript")?;
        }
        Some(_) => return Err(Refusal::Field("waf_type")),
    }
    fields.optional("challengeScript")?;
    fields.optional("captchaScript")?;
    Ok(Value::Null)
}

fn coordinates(fields: &Fields<'_>) -> Result<Value, Refusal> {
    let seed = digest(&picture(fields)?);
    fields.optional("comment")?;
    // Within a small picture; the same picture has the same places.
    let (x, y) = (seed % 40, seed / 40 % 40);
    match fields.optional("mode")? {
        None | Some("points") => Ok(json!([[x, y], [x + 40, y + 7]])),
        Some("rectangles") => Ok(json!([[x, y, x + 31, y + 24]])),
        Some(_) => Err(Refusal::Field("mode")),
    }
}

fn anti_gate(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    fields.required("templateName")?;
    match fields.0.get("variables") {
        Some(Value::Object(_)) => session_of(fields),
        _ => Err(Refusal::Field("variables")),
    }
}

fn anti_bot_cookie(fields: &Fields<'_>) -> Result<Value, Refusal> {
    page(fields)?;
    session_of(fields)
}

fn session_of(fields: &Fields<'_>) -> Result<Value, Refusal> {
    fields.required("websiteURL").map(Value::from)
}

fn token(made: &Made<'_>) -> Value {
    json!({"token": made.token, "userAgent": made.user_agent})
}

/// The page of this type names no browser.
fn bare_token(made: &Made<'_>) -> Value {
    json!({"token": made.token})
}

fn gee_test_values(made: &Made<'_>) -> Value {
    let token = made.token;
    match made.about.get("challenge") {
        Some(challenge) => json!({"challenge": challenge, "validate": token, "seccode": format!("{token}|jordan")}),
        None => json!({
            "captcha_id": made.about.get("captcha_id"), "lot_number": format!("lot-{token}"),
            "pass_token": format!("pass-{token}"), "gen_time": "1693924478", "captcha_output": token,
        }),
    }
}

fn places(made: &Made<'_>) -> Value {
    json!({"coordinates": made.about})
}

fn session(made: &Made<'_>) -> Value {
    json!({
        "cookies": {"session": made.token}, "localStorage": {}, "url": made.about,
        "fingerprint": {"self.navigator.userAgent": made.user_agent},
        "lastRequestHeaders": [format!("user-agent: {}", made.user_agent)],
    })
}

#[cfg(test)]
mod tests;
