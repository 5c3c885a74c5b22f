//! 2captcha's methods: what each must carry, checked as the service checks it.

use serde_json::Value;

use super::form::Form;
use super::methods::{KINDS_OF_PICTURE, Kind, METHODS, Method, Proxy};
use crate::call::{Family, Needs, NewTask, Own, Refusal, TextNeeds};
use crate::checks;
use crate::draw::digest;

/// 100 kB.
const BIGGEST_IMAGE: usize = 100_000;
/// Endings that the name of an uploaded file may have.
const EXTENSIONS: [&str; 4] = ["jpg", "jpeg", "gif", "png"];
/// 600 kB: what is looked at instead of read may be larger.
const BIGGEST_SCENE: usize = 600_000;
/// 1 MB.
const BIGGEST_RECORDING: usize = 1_000_000;
const LANGUAGES_OF_RECORDINGS: [&str; 6] = ["en", "fr", "de", "el", "pt", "ru"];
/// Most characters of a question.
const LONGEST_QUESTION: usize = 140;

/// Reads a task from its fields. Without a `method` it is `post`.
pub(super) fn read(form: &Form) -> Result<NewTask, Refusal> {
    if form.is_broken() {
        return Err(Refusal::Unreadable);
    }
    let fields = Fields(form);
    let task = |family, needs| Ok(NewTask { family, proxied: proxied(form)?, needs });
    match form.text("method").unwrap_or("post") {
        "post" | "base64" if form.text("textcaptcha").is_some() => question(form),
        "post" => picture(&fields, &posted(form)?),
        "base64" => picture(&fields, &encoded(form)?),
        "audio" => recording(form),
        "userrecaptcha" => task(recaptcha(&fields)?, token(&fields, "googlekey")?),
        "hcaptcha" => {
            fields.flag("invisible")?;
            task(Family::Hcaptcha, token(&fields, "sitekey")?)
        }
        "turnstile" => task(Family::Turnstile, token(&fields, "sitekey")?),
        name => other(form, METHODS.iter().find(|method| method.name == name).ok_or(Refusal::TypeUnknown)?),
    }
}

/// A picture, by what is to be done with it.
fn picture(fields: &Fields<'_>, bytes: &[u8]) -> Result<NewTask, Refusal> {
    let mut kind = None;
    for method in KINDS_OF_PICTURE {
        if fields.flag(method.name)? {
            kind = Some(method);
        }
    }
    let Some(method) = kind else {
        return Ok(NewTask { family: Family::ImageToText, proxied: false, needs: image(fields, bytes)? });
    };
    checks::picture(bytes, BIGGEST_SCENE)?;
    for count in ["recaptcharows", "recaptchacols", "min_clicks", "max_clicks"] {
        fields.whole(count, 100)?;
    }
    other(fields.0, method)
}

/// A question in words.
fn question(form: &Form) -> Result<NewTask, Refusal> {
    if form.text("textcaptcha").is_none_or(|text| text.chars().count() > LONGEST_QUESTION) {
        return Err(Refusal::Field("textcaptcha"));
    }
    Ok(NewTask { family: Family::Other, proxied: false, needs: words(form.text("textcaptcha").unwrap_or_default()) })
}

/// Speech in an MP3.
fn recording(form: &Form) -> Result<NewTask, Refusal> {
    if encoded(form)?.len() > BIGGEST_RECORDING {
        return Err(Refusal::ImageTooBig);
    }
    if !form.text("lang").is_some_and(|lang| LANGUAGES_OF_RECORDINGS.contains(&lang)) {
        return Err(Refusal::Field("lang"));
    }
    Ok(NewTask { family: Family::Other, proxied: false, needs: words(form.text("body").unwrap_or_default()) })
}

/// Two words about something.
fn words(about: &str) -> Needs {
    let picture = digest(about.as_bytes());
    Needs::Text(TextNeeds { picture, letters: true, digits: false, phrase: true, min_length: 8, max_length: 12 })
}

/// A task of a method of the table.
fn other(form: &Form, method: &'static Method) -> Result<NewTask, Refusal> {
    for (name, kind) in method.required {
        required(form, name, *kind)?;
    }
    if let Some(first) = method.one_of.first()
        && !method.one_of.iter().any(|name| is_there(form, name))
    {
        return Err(Refusal::Field(first));
    }
    let proxied = method.proxy != Proxy::Unused && proxied(form)?;
    if method.proxy == Proxy::Required && !proxied {
        return Err(Refusal::Field("proxy"));
    }
    let user_agent = form.text("userAgent").or_else(|| form.text("useragent")).map(str::to_owned);
    let about = serde_json::from_slice(&form.task()).unwrap_or_default();
    Ok(NewTask { family: Family::Other, proxied, needs: Needs::Own(Own { user_agent, about, shape: method.shape }) })
}

fn is_there(form: &Form, name: &str) -> bool {
    form.text(name).is_some() || name == "body" && form.file().is_some()
}

fn required(form: &Form, name: &'static str, kind: Kind) -> Result<(), Refusal> {
    let wrong = Refusal::Field(name);
    if let (Kind::Picture, "body", Some(_)) = (kind, name, form.file()) {
        return checks::picture(&posted(form)?, BIGGEST_SCENE);
    }
    let text = form.text(name).ok_or_else(|| wrong.clone())?;
    let sound = match kind {
        Kind::Text => true,
        Kind::Url => checks::is_whole_url(text),
        Kind::Picture => return checks::picture(&checks::decoded(text).ok_or(wrong)?, BIGGEST_SCENE),
        Kind::Piece => checks::decoded(text).is_some(),
        Kind::Steps => {
            let steps: Option<Vec<Value>> = serde_json::from_str(text).ok();
            steps.is_some_and(|steps| !steps.is_empty() && steps.iter().all(Value::is_i64))
        }
    };
    if sound { Ok(()) } else { Err(wrong) }
}

/// Which of the reCAPTCHAs it is.
fn recaptcha(fields: &Fields<'_>) -> Result<Family, Refusal> {
    fields.flag("invisible")?;
    let enterprise = fields.flag("enterprise")?;
    match fields.0.text("version").unwrap_or("v2") {
        "v2" if enterprise => Ok(Family::RecaptchaV2Enterprise),
        "v2" => Ok(Family::RecaptchaV2),
        "v3" => {
            let score = fields.0.text("min_score").map(str::parse::<f64>);
            let sound = score.is_none_or(|score| score.is_ok_and(|score| (0.1..=0.9).contains(&score)));
            if sound { Ok(Family::RecaptchaV3) } else { Err(Refusal::Field("min_score")) }
        }
        _ => Err(Refusal::Field("version")),
    }
}

fn token(fields: &Fields<'_>, key_field: &'static str) -> Result<Needs, Refusal> {
    let site_key = fields.0.text(key_field).ok_or(Refusal::Field(key_field))?;
    if !checks::looks_like_a_site_key(site_key) {
        // Only reCAPTCHA's keys have a code for being malformed.
        return Err(if key_field == "googlekey" { Refusal::SiteKey } else { Refusal::Field(key_field) });
    }
    if !fields.0.text("pageurl").is_some_and(checks::is_whole_url) {
        return Err(Refusal::Field("pageurl"));
    }
    Ok(Needs::Token { user_agent: fields.0.text("userAgent").map(str::to_owned) })
}

/// Whether it is solved through the client's proxy: `proxy` is `login:password@host:port`, `proxytype` its kind.
fn proxied(form: &Form) -> Result<bool, Refusal> {
    let Some(proxy) = form.text("proxy") else { return Ok(false) };
    if !checks::looks_like_a_proxy(proxy) {
        return Err(Refusal::Field("proxy"));
    }
    let kind = form.text("proxytype").unwrap_or_default().to_ascii_lowercase();
    if checks::is_proxy_type(&kind) { Ok(true) } else { Err(Refusal::Field("proxytype")) }
}

/// The bytes of `method=post`: an uploaded file, or base64 where there is none.
fn posted(form: &Form) -> Result<Vec<u8>, Refusal> {
    let Some(file) = form.file() else { return encoded(form) };
    let extension = file.name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    // A file without an ending is judged by its content alone.
    if extension.is_some_and(|extension| !EXTENSIONS.contains(&extension.as_str())) {
        return Err(Refusal::Field("file name"));
    }
    Ok(file.bytes.to_vec())
}

/// The bytes of `method=base64`.
fn encoded(form: &Form) -> Result<Vec<u8>, Refusal> {
    let body = form.text("body").ok_or(Refusal::Field("body"))?;
    checks::decoded(body).ok_or(Refusal::Field("body"))
}

fn image(fields: &Fields<'_>, picture: &[u8]) -> Result<Needs, Refusal> {
    checks::picture(picture, BIGGEST_IMAGE)?;
    let numeric = fields.whole("numeric", 4)?.unwrap_or(0);
    fields.whole("language", 2)?;
    fields.flag("regsense")?;
    let calc = fields.flag("calc")?;
    let phrase = fields.flag("phrase")?;
    let length = |name| -> Result<Option<usize>, Refusal> {
        let length = fields.whole(name, checks::LONGEST_TEXT)?.filter(|length| *length > 0);
        Ok(length.and_then(|length| usize::try_from(length).ok()))
    };
    let (min, max) = (length("min_len")?, length("max_len")?);
    Ok(Needs::Text(TextNeeds {
        picture: digest(picture),
        // 1 digits, 2 letters, 3 the one or the other, 4 both.
        letters: numeric != 1 && numeric != 3 && !calc,
        digits: numeric != 2 || calc,
        phrase,
        min_length: min.unwrap_or_else(|| max.unwrap_or(5).min(5)),
        max_length: max.unwrap_or_else(|| min.unwrap_or(7).max(7)),
    }))
}

/// Parameters as the service reads them.
struct Fields<'a>(&'a Form);

impl Fields<'_> {
    /// 0 or 1; absent is 0.
    fn flag(&self, name: &'static str) -> Result<bool, Refusal> {
        match self.0.text(name) {
            None | Some("0") => Ok(false),
            Some("1") => Ok(true),
            Some(_) => Err(Refusal::Field(name)),
        }
    }

    /// A whole number up to `most` that may be there.
    fn whole(&self, name: &'static str, most: u64) -> Result<Option<u64>, Refusal> {
        let Some(text) = self.0.text(name) else { return Ok(None) };
        let number = text.parse().ok().filter(|number| *number <= most);
        number.map(Some).ok_or(Refusal::Field(name))
    }
}

#[cfg(test)]
mod tests;
