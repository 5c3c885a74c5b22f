//! Other captchas whose solution is a token, or a few values like one, and two protections of whole sites.
//!
//! Sources: `mtcaptcha`, `friendly-captcha`, `prosopo-procaptcha`, `altcha`, `cyber-siara`, `keycaptcha`, `lemin`,
//! `capy-puzzle-captcha`, `tencent`, `cutcaptcha`, `atb-captcha`, `yandex-smart-captcha`, `captchafox`, `vk-captcha`,
//! `binance-captcha`, `yidun-necaptcha`, `amazon-aws-waf-captcha` and `datadome-slider-captcha`.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::{Family, Parameters, Solution};

use super::{ANY_USER_AGENT, KEY, TOKEN, URL, USER_AGENT};
use crate::parameters as given;

const ALTCHA_WHOLE: &str = "the challenge is taken whole here, as challengeJSON";

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "mtcaptcha",
        solo: Some("MtCaptchaTaskProxyless"),
        proxied: Some("MtCaptchaTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("pageAction", Refuse("MTCaptcha tasks take no action here")),
            ("isInvisible", Convert(given::visible)),
            ANY_USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "friendly",
        solo: Some("FriendlyCaptchaTaskProxyless"),
        proxied: Some("FriendlyCaptchaTask"),
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("apiGetLib", Refuse("Friendly Captcha's own script is used here")),
            ANY_USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "prosopo",
        solo: Some("ProsopoTaskProxyless"),
        proxied: Some("ProsopoTask"),
        parameters: Parameters::By(&[URL, KEY, ANY_USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "altcha",
        solo: Some("AltchaTaskProxyless"),
        proxied: Some("AltchaTask"),
        list_price: "0.00145",
        parameters: Parameters::By(&[
            URL,
            ("challengeURL", Send("challengeURL")),
            ("challengeJSON", Send("challengeJSON")),
            ("challenge", Refuse(ALTCHA_WHOLE)),
            ("iterations", Refuse(ALTCHA_WHOLE)),
            ("salt", Refuse(ALTCHA_WHOLE)),
            ("signature", Refuse(ALTCHA_WHOLE)),
            ANY_USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "cybersiara",
        solo: Some("AntiCyberSiAraTaskProxyless"),
        proxied: Some("AntiCyberSiAraTask"),
        parameters: Parameters::By(&[URL, ("SlideMasterUrlId", Send("SlideMasterUrlId")), USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "keycaptcha",
        solo: Some("KeyCaptchaTaskProxyless"),
        proxied: Some("KeyCaptchaTask"),
        parameters: Parameters::By(&[
            URL,
            ("s_s_c_user_id", Send("s_s_c_user_id")),
            ("s_s_c_session_id", Send("s_s_c_session_id")),
            ("s_s_c_web_server_sign", Send("s_s_c_web_server_sign")),
            ("s_s_c_web_server_sign2", Send("s_s_c_web_server_sign2")),
            ANY_USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "lemin",
        solo: Some("LeminTaskProxyless"),
        proxied: Some("LeminTask"),
        parameters: Parameters::By(&[
            URL,
            ("captchaId", Send("captchaId")),
            ("divId", Send("divId")),
            ("leminApiServerSubdomain", Send("leminApiServerSubdomain")),
            USER_AGENT,
        ]),
        solution: Solution::Fields(&["answer"], &["challenge_id"]),
        ..TOKEN
    },
    Family {
        name: "capy",
        solo: Some("CapyTaskProxyless"),
        proxied: Some("CapyTask"),
        parameters: Parameters::By(&[URL, KEY, USER_AGENT]),
        solution: Solution::Fields(&["answer"], &["captchakey", "challengekey", "respKey"]),
        ..TOKEN
    },
    Family {
        name: "tencent",
        solo: Some("TencentTaskProxyless"),
        proxied: Some("TencentTask"),
        parameters: Parameters::By(&[
            URL,
            ("appId", Send("appId")),
            ("captchaUrl", Refuse("Tencent's own script is used here")),
            ("userAgent", Refuse("a Tencent ticket is got with the worker's own browser here, which is not named")),
        ]),
        solution: Solution::Fields(&["ticket"], &["randstr", "appid", "ret"]),
        ..TOKEN
    },
    Family {
        name: "cutcaptcha",
        solo: Some("CutCaptchaTaskProxyless"),
        proxied: Some("CutCaptchaTask"),
        parameters: Parameters::By(&[
            URL,
            ("miseryKey", Send("miseryKey")),
            ("apiKey", Send("apiKey")),
            ANY_USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "atb",
        solo: Some("AtbCaptchaTaskProxyless"),
        proxied: Some("AtbCaptchaTask"),
        parameters: Parameters::By(&[URL, ("appId", Send("appId")), ("apiServer", Send("apiServer")), ANY_USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "yandex_smart",
        solo: Some("YandexSmartCaptchaTaskProxyless"),
        proxied: Some("YandexSmartCaptchaTask"),
        parameters: Parameters::By(&[URL, KEY, USER_AGENT, ("cookies", Send("cookies"))]),
        ..TOKEN
    },
    Family {
        name: "captchafox",
        proxied: Some("CaptchaFoxTask"),
        parameters: Parameters::By(&[URL, KEY, USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "vk",
        proxied: Some("VKCaptchaTask"),
        list_price: "0.002",
        parameters: Parameters::By(&[("redirectUri", Send("redirectUri")), USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "binance",
        solo: Some("BinanceTaskProxyless"),
        proxied: Some("BinanceTask"),
        parameters: Parameters::By(&[URL, KEY, ("validateId", Send("validateId")), USER_AGENT]),
        ..TOKEN
    },
    Family {
        name: "yidun",
        solo: Some("YidunTaskProxyless"),
        proxied: Some("YidunTask"),
        list_price: "0.003",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("yidunGetLib", Send("yidunGetLib")),
            ("yidunApiServerSubdomain", Send("yidunApiServerSubdomain")),
            ("challenge", Send("challenge")),
            ("hcg", Send("hcg")),
            ("hct", Send("hct")),
            USER_AGENT,
        ]),
        ..TOKEN
    },
    Family {
        name: "aws_waf",
        solo: Some("AmazonTaskProxyless"),
        proxied: Some("AmazonTask"),
        list_price: "0.00145",
        parameters: Parameters::By(&[
            URL,
            KEY,
            ("iv", Send("iv")),
            ("context", Send("context")),
            ("challengeScript", Send("challengeScript")),
            ("captchaScript", Send("captchaScript")),
            ("jsapiScript", Refuse("the widget of jsapi.js is not solved here")),
            ("wafType", Refuse("only the page with key, iv and context is solved here")),
            ("cookieSolution", Convert(given::voucher)),
            ("userAgent", LeaveOut("a voucher is exchanged for the cookie by the client's own browser")),
        ]),
        needs: &[&["websiteKey", "iv", "context"]],
        solution: Solution::Fields(&["captcha_voucher"], &["existing_token"]),
        ..TOKEN
    },
    Family {
        name: "datadome",
        proxied: Some("DataDomeSliderTask"),
        parameters: Parameters::By(&[
            URL,
            ("captchaUrl", Convert(given::datadome_frame)),
            USER_AGENT,
            ("datadomeCookie", LeaveOut("the captcha's address holds the same id")),
            ("datadomeVersion", LeaveOut("the captcha's address tells")),
        ]),
        solution: Solution::Fields(&["cookie"], &[]),
        ..TOKEN
    },
];
