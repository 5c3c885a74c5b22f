//! Cloudflare: the widget's token, the challenge page's token, and the cookies of both kinds of page.

use super::shared::{COOKIES_OUT, HTML_BASE64, PAGE, SITE_KEY, TOKEN, USER_AGENT, USER_AGENT_OUT};
use crate::catalogue::{Class, Family, Field, Kind, Says, SolutionField, Variant};

const ACTION: Field =
    Field::optional("action", Kind::Text(256), "The widget's action.").also(&["pageAction", "metadataAction"]);
const CDATA: Field =
    Field::optional("cdata", Kind::Text(4096), "The widget's cData.").also(&["data", "cData", "metadataCdata"]);
const PAGE_DATA: Field =
    Field::optional("pageData", Kind::Text(16 * 1024), "The challenge page's chlPageData.").also(&["chlPageData"]);
const HTML: Field =
    Field::optional("html", Kind::Text(512 * 1024), "The page as it was answered.").class(Class::Secret);

const CLOUDFLARE_TYPE: Field =
    Field::optional("cloudflareTaskType", Kind::Choice(&["token", "cf_clearance", "wait_room"]), "");
const METADATA_TYPE: Field = Field::optional("metadata.type", Kind::Text(32), "");

const COOKIE_SOLUTION: &[SolutionField] = &[
    SolutionField::main("cf_clearance", Class::Secret, "The cookie's value.").also(&["cf-clearance"]),
    SolutionField { main: true, ..COOKIES_OUT },
    SolutionField::beside("token", Class::Secret, "The same value, at services that call it so."),
    SolutionField::beside("headers", Class::Secret, "Headers to go on with, of names and values."),
    SolutionField::beside("proxy", Class::Secret, "The proxy that the cookie is bound to."),
    USER_AGENT_OUT,
];

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "turnstile",
        title: "Cloudflare Turnstile",
        wire_name: "TurnstileToken",
        type_names: &[
            "TurnstileToken",
            "TurnstileTask",
            "AntiTurnstileTask",
            "CloudFlareTurnstileTask",
            "TurnstileTaskM1",
        ],
        variants: &[
            Variant { when: &[(CLOUDFLARE_TYPE, Says::Word(&["token"]))], becomes: "turnstile_challenge" },
            Variant { when: &[(CLOUDFLARE_TYPE, Says::Word(&["cf_clearance"]))], becomes: "cloudflare_clearance" },
            Variant { when: &[(CLOUDFLARE_TYPE, Says::Word(&["wait_room"]))], becomes: "cloudflare_wait_room" },
            Variant {
                when: &[(ACTION, Says::Anything), (CDATA, Says::Anything), (PAGE_DATA, Says::Anything)],
                becomes: "turnstile_challenge",
            },
        ],
        fields: &[PAGE, SITE_KEY, ACTION, CDATA, PAGE_DATA, USER_AGENT],
        token_life_s: Some(300),
        ..TOKEN
    },
    Family {
        name: "turnstile_challenge",
        title: "Cloudflare challenge page, as a token",
        wire_name: "TurnstileChallengeToken",
        type_names: &["TurnstileChallengeToken", "TurnstileChallengeTask"],
        fields: &[
            PAGE,
            SITE_KEY,
            ACTION.needed(),
            CDATA.needed(),
            PAGE_DATA.needed(),
            Field::optional("apiJsUrl", Kind::Url, "The script that the page loads the widget with."),
            USER_AGENT,
        ],
        token_life_s: Some(300),
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "cloudflare_clearance",
        title: "Cloudflare challenge page, as cookies",
        wire_name: "CloudflareClearanceTask",
        type_names: &["CloudflareClearanceTask", "AntiCloudflareTask", "CloudFlare5STask", "CloudflareChallengeTask"],
        variants: &[Variant { when: &[(METADATA_TYPE, Says::Word(&["turnstile"]))], becomes: "turnstile" }],
        fields: &[PAGE, SITE_KEY.unneeded(), HTML_BASE64, HTML, USER_AGENT],
        solution: COOKIE_SOLUTION,
        bound_to_user_agent: true,
        ..TOKEN
    },
    Family {
        name: "cloudflare_wait_room",
        title: "Cloudflare waiting room",
        wire_name: "CloudflareWaitRoomTask",
        type_names: &["CloudflareWaitRoomTask"],
        fields: &[PAGE, SITE_KEY.unneeded(), HTML_BASE64, USER_AGENT],
        solution: COOKIE_SOLUTION,
        bound_to_user_agent: true,
        ..TOKEN
    },
];
