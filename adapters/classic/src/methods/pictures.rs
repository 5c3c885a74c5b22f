//! Recognition: pictures, recordings and questions in; text, numbers or places out.
//!
//! Source: the chapters "Normal Captcha", "Text Captcha", "Grid method" (the canvas method is in it), "Coordinates method",
//! "RotateCaptcha", "Audio Recognition" and "Bounding Box Method" of <https://2captcha.com/2captcha-api>. It has none on
//! VK's and Temu's pictures: those are sent as the service's own client sends them
//! (<https://github.com/2captcha/2captcha-python>); the shape of VK's answer is that of
//! <https://2captcha.com/api-docs/vk-captcha>.

use adapter_kit::ProxySupport::Never;

use super::{Answers, Convert, Family, LeaveOut, Refuse, Row, SLOW, Send, Shape, TOKEN};
use crate::given::{angle, clicks, comment, grid, language, length, mode, numeric, question, recording, steps};
use crate::image;

/// What a worker does by hand: what the one published price of it is ("click").
const PICTURE: Family =
    Family { proxy: Never, list_price: "0.0012", answers: Answers::Line(Shape::Value(&["text"])), pace: None, ..TOKEN };

const BODY: Row = ("body", Convert(image::body));
const COMMENT: Row = ("comment", Convert(comment));
const INSTRUCTIONS: Row = ("imgInstructions", Convert(image::instructions));
const LANGUAGE: Row = ("languagePool", Convert(language));

/// `image_to_text`.
pub const IMAGE_TO_TEXT: Family = Family {
    name: "image_to_text",
    fixed: &[("method", "post")],
    list_price: "0.001",
    parameters: &[
        BODY,
        ("phrase", Send("phrase")),
        ("case", Send("regsense")),
        ("numeric", Convert(numeric)),
        ("math", Send("calc")),
        ("minLength", Convert(|value, draft| length("min_len", value, draft))),
        ("maxLength", Convert(|value, draft| length("max_len", value, draft))),
        COMMENT,
        INSTRUCTIONS,
        LANGUAGE,
    ],
    ..PICTURE
};

/// `coordinates`.
pub const COORDINATES: Family = Family {
    name: "coordinates",
    fixed: &[("method", "post"), ("coordinatescaptcha", "1")],
    parameters: &[
        BODY,
        COMMENT,
        INSTRUCTIONS,
        ("minClicks", Convert(|value, draft| clicks("min_clicks", value, draft))),
        ("maxClicks", Convert(|value, draft| clicks("max_clicks", value, draft))),
        ("mode", Convert(mode)),
        LANGUAGE,
    ],
    answers: Answers::Line(Shape::Points),
    ..PICTURE
};

/// `grid`.
pub const GRID: Family = Family {
    name: "grid",
    fixed: &[("method", "post"), ("recaptcha", "1")],
    parameters: &[
        ("websiteURL", LeaveOut("the worker sees the picture alone")),
        ("websiteKey", LeaveOut("the worker sees the picture alone")),
        BODY,
        ("images", Convert(image::only_one)),
        ("imageUrls", Refuse("a picture is sent, not its address, here")),
        COMMENT,
        INSTRUCTIONS,
        ("rows", Send("recaptcharows")),
        ("columns", Send("recaptchacols")),
        ("grid", Convert(grid)),
        LANGUAGE,
    ],
    answers: Answers::Line(Shape::Tiles),
    ..PICTURE
};

/// `bounding_box`.
pub const BOUNDING_BOX: Family = Family {
    name: "bounding_box",
    fixed: &[("method", "bounding_box")],
    parameters: &[
        ("body", Convert(image::encoded)),
        COMMENT,
        ("imgInstructions", Convert(image::encoded_instructions)),
        LANGUAGE,
    ],
    answers: Answers::Line(Shape::Boxes),
    ..PICTURE
};

/// `draw_around`.
pub const DRAW_AROUND: Family = Family {
    name: "draw_around",
    fixed: &[("method", "post"), ("recaptcha", "1"), ("canvas", "1")],
    parameters: &[BODY, COMMENT, INSTRUCTIONS, LANGUAGE],
    answers: Answers::Line(Shape::Lines),
    ..PICTURE
};

/// `rotate`.
pub const ROTATE: Family = Family {
    name: "rotate",
    fixed: &[("method", "rotatecaptcha")],
    list_price: "0.0005",
    parameters: &[
        BODY,
        ("images", Convert(image::several)),
        ("imageBackground", Refuse("a picture is turned by itself here")),
        ("angle", Convert(angle)),
        COMMENT,
        INSTRUCTIONS,
        LANGUAGE,
    ],
    answers: Answers::Json(Shape::Angles),
    ..PICTURE
};

/// `vk_image`.
pub const VK_IMAGE: Family = Family {
    name: "vk_image",
    fixed: &[("method", "vkimage")],
    needs: &["steps"],
    parameters: &[BODY, ("steps", Convert(steps))],
    answers: Answers::Json(Shape::Members(&["answer"])),
    ..PICTURE
};

/// `temu_image`.
pub const TEMU_IMAGE: Family = Family {
    name: "temu_image",
    fixed: &[("method", "temuimage")],
    needs: &["images"],
    parameters: &[("body", Convert(image::encoded_body)), ("images", Convert(image::three_parts))],
    answers: Answers::Json(Shape::Points),
    ..PICTURE
};

/// `text_question`.
pub const TEXT_QUESTION: Family = Family {
    name: "text_question",
    // No method: the text alone says what it is.
    fixed: &[],
    // Cautious: as for a picture's text.
    list_price: "0.001",
    parameters: &[("comment", Convert(question)), LANGUAGE],
    ..PICTURE
};

/// `audio`.
pub const AUDIO: Family = Family {
    name: "audio",
    fixed: &[("method", "audio")],
    // Cautious: as for a picture's text.
    list_price: "0.001",
    parameters: &[("body", Convert(recording)), ("lang", Send("lang"))],
    pace: SLOW,
    ..PICTURE
};
