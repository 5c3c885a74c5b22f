//! reCAPTCHA and hCaptcha.

use super::shared::{
    API_DOMAIN, COOKIES, COOKIES_OUT, ENTERPRISE, INVISIBLE, IS_ENTERPRISE, PAGE, PAGE_ACTION, PAYLOAD, SITE_KEY,
    TOKEN, TOKEN_FIELD, USER_AGENT, USER_AGENT_OUT,
};
use crate::catalogue::{Class, Family, Field, Kind, Says, SolutionField, Variant};

const MIN_SCORE: Field =
    Field::optional("minScore", Kind::Number(0.1, 0.9), "Least score wanted; 0.3 where not given.");
const VERSION: Field = Field::optional("version", Kind::Text(64), "");
const SESSION: Field = Field::optional("isSession", Kind::Flag, "The session's values are wanted with the token.");
const ANCHOR: Field = Field::optional("anchor", Kind::Text(64 * 1024), "What the page's anchor request was.").address();
const RELOAD: Field = Field::optional("reload", Kind::Text(64 * 1024), "What the page's reload request was.").address();

/// A token under the two names that clients read.
const SOLUTION: &[SolutionField] = &[
    TOKEN_FIELD.also(&["gRecaptchaResponse"]),
    USER_AGENT_OUT,
    COOKIES_OUT,
    SolutionField::beside("secChUa", Class::Plain, "Client hint of the solving browser."),
    SolutionField::beside("recaptcha-ca-t", Class::Secret, "Session value, where one was asked for."),
    SolutionField::beside("recaptcha-ca-e", Class::Secret, "Session value, where one was asked for."),
];
const RECAPTCHA: Family = Family { solution: SOLUTION, token_life_s: Some(120), bound_to_user_agent: true, ..TOKEN };

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "recaptcha_v2",
        title: "reCAPTCHA v2",
        wire_name: "ReCaptchaV2Token",
        type_names: &[
            "ReCaptchaV2Token",
            "RecaptchaV2Task",
            "NoCaptchaTask",
            "ReCaptchaV2InvisibleToken",
            "ReCaptchaV2TaskS9",
            "ReCaptchaV2STask",
            "userrecaptcha",
        ],
        variants: &[
            Variant { when: &[(VERSION, Says::Word(&["v3", "3"]))], becomes: "recaptcha_v3" },
            Variant { when: &[IS_ENTERPRISE], becomes: "recaptcha_v2_enterprise" },
        ],
        fields: &[
            PAGE,
            SITE_KEY,
            INVISIBLE,
            Field::optional("recaptchaDataSValue", Kind::Text(16 * 1024), "Value of data-s; can be used once.")
                .also(&["dataS", "data-s", "recaptchaDataS"]),
            API_DOMAIN,
            PAGE_ACTION,
            SESSION,
            USER_AGENT,
            COOKIES,
        ],
        ..RECAPTCHA
    },
    Family {
        name: "recaptcha_v2_enterprise",
        title: "reCAPTCHA v2 Enterprise",
        wire_name: "ReCaptchaV2EnterpriseToken",
        type_names: &[
            "ReCaptchaV2EnterpriseToken",
            "RecaptchaV2EnterpriseTask",
            "ReCaptchaV2EnterpriseInvisibleToken",
            "ReCaptchaV2SEnterpriseTask",
        ],
        fields: &[PAGE, SITE_KEY, PAYLOAD, INVISIBLE, API_DOMAIN, PAGE_ACTION, SESSION, USER_AGENT, COOKIES],
        ..RECAPTCHA
    },
    Family {
        name: "recaptcha_v3",
        title: "reCAPTCHA v3",
        wire_name: "ReCaptchaV3Token",
        type_names: &[
            "ReCaptchaV3Token",
            "RecaptchaV3Task",
            "ReCaptchaV3M1Task",
            "RecaptchaV3TaskM1",
            "RecaptchaV3TaskM1S7",
            "RecaptchaV3TaskM1S9",
            "RecaptchaV3TaskS9",
            "RecaptchaV3TaskT1",
        ],
        variants: &[Variant { when: &[IS_ENTERPRISE], becomes: "recaptcha_v3_enterprise" }],
        fields: &[
            PAGE,
            SITE_KEY,
            PAGE_ACTION,
            MIN_SCORE,
            PAYLOAD,
            API_DOMAIN,
            SESSION,
            ANCHOR,
            RELOAD,
            USER_AGENT,
            COOKIES,
        ],
        ..RECAPTCHA
    },
    Family {
        name: "recaptcha_v3_enterprise",
        title: "reCAPTCHA v3 Enterprise",
        wire_name: "ReCaptchaV3EnterpriseToken",
        type_names: &[
            "ReCaptchaV3EnterpriseToken",
            "RecaptchaV3EnterpriseTask",
            "ReCaptchaV3EnterpriseM1Task",
            "RecaptchaV3EnterpriseTaskM1",
            "RecaptchaV3EnterpriseTaskS9",
        ],
        fields: &[
            PAGE,
            SITE_KEY,
            PAGE_ACTION,
            MIN_SCORE,
            PAYLOAD,
            API_DOMAIN,
            SESSION,
            ANCHOR,
            RELOAD,
            USER_AGENT,
            COOKIES,
        ],
        ..RECAPTCHA
    },
    Family {
        name: "hcaptcha",
        title: "hCaptcha",
        wire_name: "HCaptchaToken",
        type_names: &[
            "HCaptchaToken",
            "HCaptchaTask",
            "PopularCaptchaToken",
            "PopularCaptchaInvisibleToken",
            "PopularCaptchaEnterpriseToken",
            "PopularCaptchaEnterpriseInvisibleToken",
            "HardCaptchaToken",
            "HCaptchaEnterpriseTask",
            "HCaptchaTurboTask",
        ],
        fields: &[
            PAGE,
            SITE_KEY,
            INVISIBLE,
            ENTERPRISE,
            Field::optional("rqdata", Kind::Text(64 * 1024), "The page's rqdata.").also(&[
                "data",
                "rqToken",
                "enterprisePayload.rqdata",
            ]),
            PAYLOAD,
            Field::optional("fallbackToActualUA", Kind::Flag, "Another browser may be used than userAgent says."),
            USER_AGENT,
        ],
        solution: &[
            TOKEN_FIELD.also(&["gRecaptchaResponse"]),
            USER_AGENT_OUT,
            SolutionField::beside("respKey", Class::Personal, "What the page's script calls the response key."),
            SolutionField::beside("captchaKey", Class::Personal, "The key of the solved challenge."),
        ],
        token_life_s: Some(120),
        bound_to_user_agent: true,
        ..TOKEN
    },
];
