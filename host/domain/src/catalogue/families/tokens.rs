//! Other captchas whose solution is a token, or a few values like one.

use super::shared::{
    COOKIES, DATA, INVISIBLE, PAGE, PAGE_ACTION, SCRIPT, SITE_KEY, TOKEN, TOKEN_FIELD, USER_AGENT, USER_AGENT_OUT,
};
use crate::catalogue::{Class, Family, Field, Kind, Says, SolutionField, Variant};

const GEETEST_SERVER: Field = Field::optional(
    "geetestApiServerSubdomain",
    Kind::Text(256),
    "Domain that the page loads the captcha from, where it is not the usual one.",
)
.also(&["apiServer", "apiServerSubdomain"])
.address();
const GEETEST_LIB: Field =
    Field::optional("geetestGetLib", Kind::Text(8 * 1024), "The captcha's script, or the JSON that names it.")
        .address();
const VERSION: Field = Field::optional("version", Kind::Text(64), "");
const CAPTCHA_ID: Field = Field::required("captchaId", Kind::Text(1024), "The captcha's id on that page.");
const V4_ID: Field = CAPTCHA_ID.unneeded();
const APP_ID: Field = Field::required("appId", Kind::Text(256), "The captcha's id on that page.");

const fn value(name: &'static str, about: &'static str) -> SolutionField {
    SolutionField::beside(name, Class::Personal, about)
}

const fn needed_text(name: &'static str, about: &'static str) -> Field {
    Field::required(name, Kind::Text(4096), about)
}

const fn text(name: &'static str, about: &'static str) -> Field {
    Field::optional(name, Kind::Text(4096), about)
}

const TOKENS: SolutionField =
    SolutionField::main("tokens", Class::Personal, "Several tokens, as the service gives them.");

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "funcaptcha",
        title: "FunCaptcha (Arkose Labs)",
        wire_name: "FunCaptchaToken",
        type_names: &["FunCaptchaToken", "FunCaptchaTask"],
        fields: &[
            PAGE,
            needed_text("websitePublicKey", "The captcha's public key on that page.").also(&[
                "publicKey",
                "websiteKey",
                "pk",
            ]),
            text("funcaptchaApiJSSubdomain", "Domain that the page loads the captcha from.")
                .also(&["surl", "apiJSSubdomain"])
                .address(),
            Field::optional("data", Kind::JsonText, "What the page hands to the captcha, mostly a blob."),
            USER_AGENT,
        ],
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "geetest_v3",
        title: "GeeTest v3",
        wire_name: "GeeTestToken",
        type_names: &["GeeTestToken", "GeeTestTask", "GeeTestV3Token", "GeeTestV3Task", "geetest"],
        variants: &[
            Variant { when: &[(VERSION, Says::Word(&["4", "v4"]))], becomes: "geetest_v4" },
            Variant { when: &[(V4_ID, Says::Anything)], becomes: "geetest_v4" },
        ],
        fields: &[
            PAGE,
            needed_text("gt", "The captcha's id on that page."),
            needed_text("challenge", "The challenge that the page was given; can be used once."),
            GEETEST_SERVER,
            GEETEST_LIB,
            USER_AGENT,
        ],
        solution: &[
            SolutionField::main("validate", Class::Personal, "The proof.").also(&["geetest_validate"]),
            value("challenge", "The challenge that it is for.").also(&["geetest_challenge"]),
            value("seccode", "The proof once more, with |jordan at its end.").also(&["geetest_seccode"]),
            USER_AGENT_OUT,
        ],
        ..TOKEN
    },
    Family {
        name: "geetest_v4",
        title: "GeeTest v4",
        wire_name: "GeeTestV4Token",
        type_names: &["GeeTestV4Token", "GeeTestV4Task", "GeeTestTaskV4"],
        fields: &[
            PAGE,
            CAPTCHA_ID.also(&["gt"]),
            Field::optional("initParameters", Kind::Object, "What the page starts the captcha with."),
            GEETEST_SERVER,
            GEETEST_LIB,
            USER_AGENT,
        ],
        solution: &[
            SolutionField::main("captcha_output", Class::Personal, "The proof."),
            SolutionField::main("pass_token", Class::Personal, "The pass that belongs to it."),
            value("captcha_id", "The captcha's id."),
            value("lot_number", "The number of the challenge."),
            value("gen_time", "When it was made, in seconds since 1970, as text."),
            value("risk_type", "The kind of challenge."),
            USER_AGENT_OUT,
        ],
        ..TOKEN
    },
    Family {
        name: "mtcaptcha",
        title: "MTCaptcha",
        wire_name: "MtCaptchaToken",
        type_names: &["MtCaptchaToken", "MtCaptchaTask", "mt_captcha"],
        fields: &[PAGE, SITE_KEY, PAGE_ACTION, INVISIBLE, USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "friendly",
        title: "Friendly Captcha",
        wire_name: "FriendlyCaptchaToken",
        type_names: &["FriendlyCaptchaToken", "FriendlyCaptchaTask", "friendly_captcha"],
        fields: &[PAGE, SITE_KEY, SCRIPT, USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "prosopo",
        title: "Prosopo",
        wire_name: "ProsopoToken",
        type_names: &["ProsopoToken", "ProsopoTask"],
        ..TOKEN
    },
    Family {
        name: "altcha",
        title: "ALTCHA",
        wire_name: "AltchaToken",
        type_names: &["AltchaToken", "AltchaTask"],
        fields: &[
            PAGE,
            Field::optional("challengeURL", Kind::Url, "Where the page gets its challenge."),
            Field::optional("challengeJSON", Kind::JsonText, "The challenge, as the page was given it."),
            text("challenge", "The challenge's hash, with iterations, salt and signature beside it."),
            text("iterations", "The challenge's largest number."),
            text("salt", "The challenge's salt."),
            text("signature", "The challenge's signature."),
            USER_AGENT,
        ],
        one_of: &[&["challengeURL", "challengeJSON", "challenge"]],
        solution: &[TOKEN_FIELD, value("number", "The number that was looked for."), DATA, USER_AGENT_OUT],
        ..TOKEN
    },
    Family {
        name: "cybersiara",
        title: "CyberSiARA",
        wire_name: "CyberSiAraToken",
        type_names: &["CyberSiAraToken", "AntiCyberSiAraTask", "CyberSiAraTask"],
        fields: &[
            PAGE,
            needed_text("SlideMasterUrlId", "The MasterUrlId of the page's requests.").also(&["masterUrlId"]),
            USER_AGENT.needed(),
        ],
        ..TOKEN
    },
    Family {
        name: "keycaptcha",
        title: "KeyCAPTCHA",
        wire_name: "KeyCaptchaToken",
        type_names: &["KeyCaptchaToken", "KeyCaptchaTask"],
        fields: &[
            PAGE,
            needed_text("s_s_c_user_id", "The page's value of that name."),
            needed_text("s_s_c_session_id", "The page's value of that name."),
            needed_text("s_s_c_web_server_sign", "The page's value of that name."),
            needed_text("s_s_c_web_server_sign2", "The page's value of that name."),
            USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "lemin",
        title: "Lemin Cropped Captcha",
        wire_name: "LeminToken",
        type_names: &["LeminToken", "LeminTask"],
        fields: &[
            PAGE,
            CAPTCHA_ID,
            needed_text("divId", "The id of the element that the captcha is in."),
            text("leminApiServerSubdomain", "Domain that the page loads the captcha from.")
                .also(&["apiServer"])
                .address(),
            USER_AGENT,
        ],
        solution: &[
            SolutionField::main("answer", Class::Personal, "The answer."),
            value("challenge_id", "The challenge that it is for."),
            USER_AGENT_OUT,
        ],
        ..TOKEN
    },
    Family {
        name: "capy",
        title: "Capy Puzzle",
        wire_name: "CapyToken",
        type_names: &["CapyToken", "CapyTask"],
        fields: &[PAGE, SITE_KEY.also(&["siteKey", "captchaKey"]), USER_AGENT],
        solution: &[
            SolutionField::main("answer", Class::Personal, "The answer."),
            value("captchakey", "The site key that it is for."),
            value("challengekey", "The challenge that it is for."),
            value("respKey", "The response key, where there is one."),
            USER_AGENT_OUT,
        ],
        ..TOKEN
    },
    Family {
        name: "tencent",
        title: "Tencent Captcha",
        wire_name: "TencentToken",
        type_names: &["TencentToken", "TencentTask", "TenDITask"],
        fields: &[
            PAGE,
            APP_ID.also(&["websiteKey", "captchaAppId"]),
            Field::optional("captchaUrl", Kind::Url, "The captcha's script."),
            USER_AGENT,
        ],
        solution: &[
            SolutionField::main("ticket", Class::Personal, "The proof."),
            value("randstr", "The random text that belongs to it."),
            value("appid", "The app that it is for."),
            SolutionField::beside("ret", Class::Plain, "A number; 0 is success."),
            SolutionField::beside("headers", Class::Secret, "Headers to go on with, of names and values."),
            DATA,
            USER_AGENT_OUT,
        ],
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "cutcaptcha",
        title: "CutCaptcha",
        wire_name: "CutCaptchaToken",
        type_names: &["CutCaptchaToken", "CutCaptchaTask"],
        fields: &[
            PAGE,
            needed_text("miseryKey", "The page's CUTCAPTCHA_MISERY_KEY."),
            needed_text("apiKey", "The key in the address of the page's captcha script.").also(&["dataApiKey"]),
            USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "atb",
        title: "atbCAPTCHA",
        wire_name: "AtbCaptchaToken",
        type_names: &["AtbCaptchaToken", "AtbCaptchaTask", "atb_captcha"],
        fields: &[PAGE, APP_ID, Field::required("apiServer", Kind::Url, "The captcha's server."), USER_AGENT],
        ..TOKEN
    },
    Family {
        name: "yandex_smart",
        title: "Yandex SmartCaptcha",
        wire_name: "YandexSmartCaptchaToken",
        type_names: &["YandexSmartCaptchaToken", "YandexSmartCaptchaTask", "YandexCaptchaTask", "yandex"],
        fields: &[PAGE, SITE_KEY, USER_AGENT, COOKIES],
        ..TOKEN
    },
    Family {
        name: "captchafox",
        title: "CaptchaFox",
        wire_name: "CaptchaFoxToken",
        type_names: &["CaptchaFoxToken", "CaptchaFoxTask"],
        fields: &[PAGE, SITE_KEY, USER_AGENT.needed()],
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "vk",
        title: "VK Captcha",
        wire_name: "VKCaptchaToken",
        type_names: &["VKCaptchaToken", "VKCaptchaTask", "vkcaptcha"],
        fields: &[
            Field::required("redirectUri", Kind::Url, "The redirect_uri of VK's answer.").page(),
            USER_AGENT.needed(),
        ],
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "binance",
        title: "Binance",
        wire_name: "BinanceToken",
        type_names: &["BinanceToken", "BinanceTask"],
        fields: &[PAGE, SITE_KEY, needed_text("validateId", "The page's securityCheckResponseValidateId."), USER_AGENT],
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "yidun",
        title: "NetEase Yidun",
        wire_name: "YidunToken",
        type_names: &["YidunToken", "YidunTask"],
        fields: &[
            PAGE,
            SITE_KEY,
            Field::optional("yidunGetLib", Kind::Url, "The captcha's script."),
            text("yidunApiServerSubdomain", "Domain that the page loads the captcha from.").address(),
            text("challenge", "The challenge that the page was given."),
            text("hcg", "The captcha's hash."),
            Field::optional("hct", Kind::Integer(0, 9_007_199_254_740_991), "The captcha's time, in milliseconds."),
            USER_AGENT,
        ],
        ..TOKEN
    },
    Family {
        name: "alibaba",
        title: "Alibaba Captcha",
        wire_name: "AlibabaToken",
        type_names: &["AlibabaToken", "AlibabaTask"],
        fields: &[
            PAGE,
            SITE_KEY.unneeded(),
            needed_text("sceneId", "The page's SceneId."),
            needed_text("prefix", "The page's prefix."),
            text("userId", "The page's UserId."),
            text("userUserId", "The page's UserUserId."),
            text("verifyType", "The page's verifyType, such as 1.0."),
            text("region", "The page's region, such as sgp."),
            text("userCertifyId", "The page's UserCertifyId."),
            SCRIPT,
            USER_AGENT,
        ],
        solution: &[TOKEN_FIELD, TOKENS, DATA, USER_AGENT_OUT],
        ..TOKEN
    },
    Family {
        name: "basilisk",
        title: "Basilisk",
        wire_name: "BasiliskToken",
        type_names: &["BasiliskToken", "BasiliskTask"],
        solution: &[
            SolutionField::main("captcha_response", Class::Personal, "The token.").also(&["token"]),
            DATA,
            SolutionField::beside("headers", Class::Secret, "Headers to go on with, of names and values."),
            USER_AGENT_OUT,
        ],
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "castle",
        title: "Castle",
        wire_name: "CastleToken",
        type_names: &["CastleToken", "CastleTask"],
        fields: &[
            PAGE,
            Field::required("wUrl", Kind::Url, "The page's cw.js."),
            Field::required("swUrl", Kind::Url, "The page's csw.js."),
            SITE_KEY.unneeded(),
            Field::optional("count", Kind::Integer(1, 1000), "How many tokens; 1 where not given."),
            USER_AGENT,
        ],
        solution: &[TOKENS, SolutionField::beside("domains", Class::Secret, "Cookies by host."), DATA, USER_AGENT_OUT],
        ..TOKEN
    },
    Family {
        name: "hunt",
        title: "HUNT",
        wire_name: "HuntToken",
        type_names: &["HuntToken", "HuntTask"],
        fields: &[PAGE, SCRIPT.needed(), text("data", "The page's data, where the captcha asks for it."), USER_AGENT],
        solution: &[TOKEN_FIELD, DATA, USER_AGENT_OUT],
        ..TOKEN
    },
];
