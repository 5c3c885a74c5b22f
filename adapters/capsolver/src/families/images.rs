//! Work on pictures, answered within `createTask`.
//!
//! Sources: `recognition/ImageToTextTask`, `recognition/ReCaptchaClassification`, `recognition/VisionEngine` and
//! `recognition/AwsWafClassification` of the documentation; `recognition/FunCaptchaClassification` has left its menu.
//! Models look at the pictures: nobody reads instructions.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};

use super::{Family, PLAIN, Rows, Types};
use crate::parameters::{self, Row};
use crate::solution::{self, Kind};
use crate::{questions, wishes};

const URL: Row = ("websiteURL", Send("websiteURL"));
const COMMENT: Row = ("comment", Refuse("nobody reads instructions here"));
const INSTRUCTIONS: Row = ("imgInstructions", Refuse("nobody reads instructions here"));
const LANGUAGE: Row = ("languagePool", Convert(wishes::language_pool));
const PICTURE: Row = ("body", Send("image"));
const BACKGROUND: Row = ("imageBackground", Send("imageBackground"));

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "image_to_text",
        types: Types::Solo("ImageToTextTask"),
        list_price: "0.0004",
        // A model reads the image. It takes no wishes for the answer but the one about its letters' case; what asks for
        // nothing is left out, and a wish that would not be heard is refused.
        parameters: Rows::Table(&[
            ("body", Send("body")),
            ("phrase", Convert(wishes::no_phrase)),
            ("case", Send("case")),
            ("numeric", Convert(wishes::no_numeric)),
            ("math", Convert(wishes::no_math)),
            ("minLength", Convert(wishes::no_min_length)),
            ("maxLength", Convert(wishes::no_max_length)),
            COMMENT,
            INSTRUCTIONS,
            LANGUAGE,
        ]),
        solution: Kind::Fields(&["text"], &[]),
        ..PLAIN
    },
    Family {
        name: "grid",
        types: Types::Solo("ReCaptchaV2Classification"),
        // Cautious: nothing is listed.
        list_price: "0.001",
        parameters: Rows::Table(&[
            URL,
            ("websiteKey", Send("websiteKey")),
            PICTURE,
            ("images", Refuse("one picture of all tiles is looked at, given as body")),
            ("imageUrls", Refuse("one picture of all tiles is looked at, given as body")),
            ("comment", Convert(questions::recaptcha)),
            INSTRUCTIONS,
            ("rows", Convert(wishes::rows)),
            ("columns", Convert(wishes::columns)),
            ("grid", LeaveOut("the provider sees it")),
            LANGUAGE,
        ]),
        needs: &[("body", "one picture of all tiles is looked at"), ("comment", "what is looked for has to be said")],
        schema: Some(
            r#"{"type":"object","required":["body","comment"],"properties":{"images":false,"imageUrls":false,"imgInstructions":false}}"#,
        ),
        solution: Kind::Made(solution::tiles),
        ..PLAIN
    },
    Family {
        name: "rotate",
        types: Types::Solo("VisionEngine"),
        // Cautious: nothing is listed.
        list_price: "0.001",
        parameters: Rows::Table(&[
            PICTURE,
            ("images", Convert(parameters::only_image)),
            ("imageBackground", Convert(parameters::turned_on_background)),
            ("angle", Convert(wishes::no_angle)),
            COMMENT,
            INSTRUCTIONS,
            LANGUAGE,
        ]),
        // One picture by itself; the page shows `rotate_1` with two, the client libraries know both.
        defaults: &[("module", "rotate_2")],
        solution: Kind::Made(solution::turn),
        ..PLAIN
    },
    Family {
        name: "slider",
        types: Types::Solo("VisionEngine"),
        // Cautious: nothing is listed.
        list_price: "0.001",
        parameters: Rows::Table(&[URL, PICTURE, BACKGROUND, ("module", Send("module")), ("comment", Send("question"))]),
        check: questions::slider,
        schema: Some(
            r#"{"type":"object","if":{"properties":{"module":{"const":"slider_1"}}},"then":{"required":["imageBackground"]},"else":{"required":["comment"]}}"#,
        ),
        solution: Kind::Fields(&["distance", "rects", "box"], &[]),
        ..PLAIN
    },
    Family {
        name: "aws_waf_classification",
        types: Types::Solo("AwsWafClassification"),
        // Cautious: nothing is listed.
        list_price: "0.001",
        parameters: Rows::Table(&[URL, ("images", Send("images")), ("comment", Send("question"))]),
        check: questions::aws_waf,
        schema: Some(
            r#"{"type":"object","properties":{"comment":{"pattern":"^aws:"}},"if":{"properties":{"comment":{"pattern":"^aws:grid:"}}},"then":{"properties":{"images":{"maxItems":9}}},"else":{"properties":{"images":{"maxItems":1}}}}"#,
        ),
        solution: Kind::Fields(&["objects", "box", "distance"], &[]),
        ..PLAIN
    },
    Family {
        name: "funcaptcha_classification",
        types: Types::Solo("FunCaptchaClassification"),
        // Cautious: nothing is listed.
        list_price: "0.001",
        parameters: Rows::Table(&[
            URL,
            ("images", Convert(parameters::one_screenshot)),
            ("comment", Send("question")),
            ("module", Send("module")),
        ]),
        schema: Some(r#"{"type":"object","properties":{"images":{"maxItems":1}}}"#),
        solution: Kind::Fields(&["objects", "box", "distance"], &[]),
        ..PLAIN
    },
];
