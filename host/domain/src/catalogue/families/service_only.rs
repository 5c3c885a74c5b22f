//! Types that one service alone knows, and type names of which a parameter tells the family.

use super::shared::{PAGE, TOKEN};
use crate::catalogue::{Class, Family, Selector, SolutionField};

/// Parameters and solution are handed on as they are; the page is read for site policy.
const PASSED: Family = Family {
    fields: &[PAGE.unneeded()],
    solution: &[SolutionField::main("*", Class::Secret, "What the service gives.")],
    bound_to_user_agent: true,
    passes_through: true,
    ..TOKEN
};

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "anti_captcha_anti_gate",
        title: "Anti-Captcha: AntiGate template",
        wire_name: "AntiGateTask",
        type_names: &["AntiGateTask", "anti-captcha/AntiGateTask"],
        fields: &[PAGE],
        only: Some("anti-captcha"),
        ..PASSED
    },
    Family {
        name: "anti_captcha_anti_bot_cookie",
        title: "Anti-Captcha: cookies past a bot check",
        wire_name: "AntiBotCookieTask",
        type_names: &["AntiBotCookieTask", "anti-captcha/AntiBotCookieTask"],
        fields: &[PAGE],
        only: Some("anti-captcha"),
        ..PASSED
    },
    Family {
        name: "capsolver_anti_akamai_bmp",
        title: "CapSolver: Akamai BMP sensors",
        wire_name: "AntiAkamaiBMPTask",
        type_names: &["AntiAkamaiBMPTask", "capsolver/AntiAkamaiBMPTask"],
        only: Some("capsolver"),
        ..PASSED
    },
    Family {
        name: "capsolver_anti_akamai_web",
        title: "CapSolver: Akamai sensor data",
        wire_name: "AntiAkamaiWebTask",
        type_names: &["AntiAkamaiWebTask", "capsolver/AntiAkamaiWebTask"],
        only: Some("capsolver"),
        ..PASSED
    },
    Family {
        name: "capsolver_anti_kasada",
        title: "CapSolver: Kasada headers",
        wire_name: "AntiKasadaTask",
        type_names: &["AntiKasadaTask", "capsolver/AntiKasadaTask"],
        only: Some("capsolver"),
        ..PASSED
    },
    Family {
        name: "capmonster_recognition",
        title: "CapMonster Cloud: recognition of images",
        wire_name: "ComplexImageRecognitionTask",
        type_names: &["ComplexImageRecognitionTask", "capmonster/ComplexImageRecognitionTask"],
        takes_proxy: false,
        only: Some("capmonster"),
        ..PASSED
    },
    Family {
        name: "capmonster_complex_image",
        title: "CapMonster Cloud: images of hCaptcha and FunCaptcha",
        wire_name: "ComplexImageClickTask",
        type_names: &["ComplexImageClickTask", "capmonster/ComplexImageClickTask"],
        takes_proxy: false,
        only: Some("capmonster"),
        ..PASSED
    },
    Family {
        name: "ez_captcha_akamai_web",
        title: "EzCaptcha: Akamai sensor data",
        wire_name: "AkamaiWEBTask",
        type_names: &["AkamaiWEBTask", "ez-captcha/AkamaiWEBTask"],
        only: Some("ez-captcha"),
        ..PASSED
    },
    Family {
        name: "ez_captcha_akamai_sbsd",
        title: "EzCaptcha: Akamai SBSD",
        wire_name: "AkamaiSBSDTask",
        type_names: &["AkamaiSBSDTask", "ez-captcha/AkamaiSBSDTask"],
        only: Some("ez-captcha"),
        ..PASSED
    },
];

pub(super) const SELECTORS: &[Selector] = &[
    Selector {
        type_name: "CustomTask",
        field: "class",
        choices: &[
            ("DataDome", "datadome"),
            ("altcha", "altcha"),
            ("friendly", "friendly"),
            ("TenDI", "tencent"),
            ("alibaba", "alibaba"),
            ("Temu", "temu"),
            ("Imperva", "imperva"),
            ("tspd", "tspd"),
            ("Basilisk", "basilisk"),
            ("Castle", "castle"),
            ("HUNT", "hunt"),
        ],
    },
    Selector {
        type_name: "ComplexImageTask",
        field: "class",
        choices: &[
            ("recaptcha", "grid"),
            ("hcaptcha", "capmonster_complex_image"),
            ("funcaptcha", "capmonster_complex_image"),
            ("recognition", "capmonster_recognition"),
        ],
    },
    Selector {
        type_name: "VisionEngine",
        field: "module",
        choices: &[
            ("rotate_1", "rotate"),
            ("rotate_2", "rotate"),
            ("slider_1", "slider"),
            ("space_detection", "slider"),
            ("shein", "slider"),
        ],
    },
];
