//! The table of what SolveCaptcha serves.
//!
//! Sources: the chapters of <https://solvecaptcha.com/captcha-solver-api> and what the service's clients send
//! (<https://github.com/solvercaptcha/solvecaptcha-go>, <https://github.com/solvercaptcha/solvecaptcha-csharp>): the same
//! fields as 2captcha's. What neither has a method for is not served: Alibaba, Altcha, Basilisk, Binance, bounding boxes,
//! `CaptchaFox`, HUNT, Imperva, Prosopo, Temu, TSPD, VK and Yidun.

use classic::Family;
use classic::methods::{cookies, pictures, sites, tokens};

/// What the dearest kinds that have a published price cost (hCaptcha, `FunCaptcha`); most others have none.
const DEAREST: &str = "0.00299";

/// Every family that is served.
pub(crate) const FAMILIES: &[Family] = &[
    sites::RECAPTCHA_V2,
    sites::RECAPTCHA_V2_ENTERPRISE,
    sites::RECAPTCHA_V3,
    sites::RECAPTCHA_V3_ENTERPRISE,
    sites::HCAPTCHA,
    Family { list_price: DEAREST, ..sites::TURNSTILE },
    Family { list_price: DEAREST, ..sites::TURNSTILE_CHALLENGE },
    Family { list_price: DEAREST, ..tokens::FUNCAPTCHA },
    tokens::GEETEST_V3,
    tokens::GEETEST_V4,
    tokens::MTCAPTCHA,
    tokens::FRIENDLY,
    tokens::CYBERSIARA,
    tokens::KEYCAPTCHA,
    tokens::LEMIN,
    tokens::CAPY,
    tokens::TENCENT,
    tokens::CUTCAPTCHA,
    tokens::ATB,
    tokens::YANDEX_SMART,
    Family { list_price: DEAREST, ..cookies::AWS_WAF },
    cookies::DATADOME,
    pictures::IMAGE_TO_TEXT,
    pictures::COORDINATES,
    pictures::GRID,
    pictures::DRAW_AROUND,
    pictures::ROTATE,
    pictures::TEXT_QUESTION,
    pictures::AUDIO,
];
