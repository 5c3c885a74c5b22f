//! The libraries that are tried, in the order of the table.

use capstan_tests::libraries::{Library, Registry, Way};

const BY_KEY: &str =
    "`KEY__anticaptcha`; its address is in its code: the name `api.anti-captcha.com` leads to the gateway";
const CLASSIC: &str = "its address is in its code: the name `2captcha.com` leads to the gateway";

pub(super) const LIBRARIES: &[Library] = &[
    Library {
        registry: Registry::PyPi,
        name: "capsolver",
        version: "1.0.7",
        script: "capsolver_solves.py",
        way: Way::Option,
        service: "api.capsolver.com",
        dialect: "capsolver",
        pointing: "`CAPSOLVER_API_BASE=…/as/capsolver`, or `capsolver.api_base`",
        remark: "has no reports",
    },
    Library {
        registry: Registry::PyPi,
        name: "python3-capsolver",
        version: "1.2.2",
        script: "python3_capsolver_solves.py",
        way: Way::Names,
        service: "api.capsolver.com",
        dialect: "capsolver",
        pointing: "tasks: `request_url=…/as/capsolver/` with the slash at the end, or `KEY__capsolver`; balance: its address \
                   is in its code, so the name `api.capsolver.com` leads to the gateway",
        remark: "sends its reports to `getToken`, which is its own mistake",
    },
    Library {
        registry: Registry::PyPi,
        name: "anticaptchaofficial",
        version: "1.0.72",
        script: "anticaptchaofficial_solves.py",
        way: Way::Names,
        service: "api.anti-captcha.com",
        dialect: "anticaptcha",
        pointing: BY_KEY,
        remark: "",
    },
    Library {
        registry: Registry::PyPi,
        name: "python3-anticaptcha",
        version: "2.3.0",
        script: "python3_anticaptcha_solves.py",
        way: Way::Names,
        service: "api.anti-captcha.com",
        dialect: "anticaptcha",
        pointing: BY_KEY,
        remark: "asks for every result 29 times, whether or not it is there, and takes the last answer",
    },
    Library {
        registry: Registry::PyPi,
        name: "python-anticaptcha",
        version: "2.0.0",
        script: "python_anticaptcha_solves.py",
        way: Way::Option,
        service: "api.anti-captcha.com",
        dialect: "anticaptcha",
        pointing: "`host=`, which drops a path, and `KEY__anticaptcha`",
        remark: "knows no Turnstile",
    },
    Library {
        registry: Registry::PyPi,
        name: "unicaps",
        version: "1.3.0",
        script: "unicaps_solves.py",
        way: Way::Names,
        service: "api.anti-captcha.com",
        dialect: "anticaptcha, classic",
        pointing: "`KEY__anticaptcha` with `anti-captcha.com`, `KEY` with `2captcha.com`; the names lead to the gateway",
        remark: "waits 10 to 20 s before its first poll; knows no Turnstile",
    },
    Library {
        registry: Registry::PyPi,
        name: "2captcha-python",
        version: "2.1.2",
        script: "twocaptcha_solves.py",
        way: Way::Names,
        service: "2captcha.com",
        dialect: "classic",
        pointing: "`server=`, a host behind HTTPS, or the name `2captcha.com` leads to the gateway",
        remark: "",
    },
    Library {
        registry: Registry::Npm,
        name: "@antiadmin/anticaptchaofficial",
        version: "1.0.56",
        script: "antiadmin_solves.mjs",
        way: Way::Names,
        service: "api.anti-captcha.com",
        dialect: "anticaptcha",
        pointing: BY_KEY,
        remark: "",
    },
    Library {
        registry: Registry::Npm,
        name: "@2captcha/captcha-solver",
        version: "1.3.9",
        script: "captcha_solver_solves.mjs",
        way: Way::Names,
        service: "2captcha.com",
        dialect: "classic",
        pointing: CLASSIC,
        remark: "",
    },
    Library {
        registry: Registry::Npm,
        name: "@zennolab_com/capmonstercloud-client",
        version: "2.6.1",
        script: "capmonster_solves.mjs",
        way: Way::Option,
        service: "api.capmonster.cloud",
        dialect: "anticaptcha",
        pointing: "`serviceUrl`, of which it uses host and port alone, and `KEY__anticaptcha`",
        remark: "has no reports",
    },
];

/// The library of this name.
pub(super) fn library(name: &str) -> Option<&'static Library> {
    LIBRARIES.iter().find(|library| library.name == name)
}
