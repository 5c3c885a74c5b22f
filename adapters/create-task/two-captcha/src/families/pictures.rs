//! Recognition: pictures, recordings and questions in; text, numbers or places out.
//!
//! Sources: `normal-captcha`, `coordinates`, `grid`, `bounding-box`, `draw-around`, `rotate`, `temu-captcha`, `text` and
//! `audio`.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::{Family, Parameters, Row, Solution};

use super::{REPORTS, SLOW};
use crate::parameters as given;

/// What a worker does by hand: what the one published price of it is ("click").
const PICTURE: Family = Family { list_price: "0.0012", reports: REPORTS, ..Family::PLAIN };

const BODY: Row = ("body", Convert(given::image));
const COMMENT: Row = ("comment", Send("comment"));
const INSTRUCTIONS: Row = ("imgInstructions", Convert(given::instructions));
const LANGUAGE: Row = ("languagePool", Convert(given::language_pool));

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "image_to_text",
        solo: Some("ImageToTextTask"),
        list_price: "0.001",
        parameters: Parameters::By(&[
            BODY,
            ("phrase", Send("phrase")),
            ("case", Send("case")),
            ("numeric", Send("numeric")),
            ("math", Send("math")),
            ("minLength", Send("minLength")),
            ("maxLength", Send("maxLength")),
            COMMENT,
            INSTRUCTIONS,
            LANGUAGE,
        ]),
        solution: Solution::Text,
        ..PICTURE
    },
    Family {
        name: "coordinates",
        solo: Some("CoordinatesTask"),
        parameters: Parameters::By(&[
            BODY,
            COMMENT,
            INSTRUCTIONS,
            ("minClicks", Convert(given::least_clicks)),
            ("maxClicks", Convert(given::most_clicks)),
            ("mode", Convert(given::points)),
            LANGUAGE,
        ]),
        solution: Solution::Fields(&["coordinates"], &[]),
        ..PICTURE
    },
    Family {
        name: "grid",
        solo: Some("GridTask"),
        parameters: Parameters::By(&[
            ("websiteURL", LeaveOut("the worker sees the picture alone")),
            ("websiteKey", LeaveOut("the worker sees the picture alone")),
            BODY,
            ("images", Convert(given::one_image)),
            ("imageUrls", Refuse("a picture is sent, not its address, here")),
            COMMENT,
            INSTRUCTIONS,
            ("rows", Send("rows")),
            ("columns", Send("columns")),
            ("grid", Convert(given::grid)),
            LANGUAGE,
        ]),
        solution: Solution::Fields(&["click"], &[]),
        ..PICTURE
    },
    Family {
        name: "bounding_box",
        solo: Some("BoundingBoxTask"),
        parameters: Parameters::By(&[BODY, COMMENT, INSTRUCTIONS, LANGUAGE]),
        solution: Solution::Fields(&["bounding_boxes"], &[]),
        ..PICTURE
    },
    Family {
        name: "draw_around",
        solo: Some("DrawAroundTask"),
        parameters: Parameters::By(&[BODY, COMMENT, INSTRUCTIONS, LANGUAGE]),
        solution: Solution::Fields(&["canvas"], &[]),
        ..PICTURE
    },
    Family {
        name: "rotate",
        solo: Some("RotateTask"),
        list_price: "0.0005",
        parameters: Parameters::By(&[
            BODY,
            ("images", Convert(given::one_image)),
            ("imageBackground", Refuse("a picture is turned by itself here")),
            ("angle", Convert(given::angle)),
            COMMENT,
            INSTRUCTIONS,
            LANGUAGE,
        ]),
        solution: Solution::Fields(&["rotate"], &[]),
        ..PICTURE
    },
    Family {
        name: "temu_image",
        solo: Some("TemuCaptchaTask"),
        parameters: Parameters::By(&[("body", Send("image")), ("images", Send("parts"))]),
        needs: &[&["images"]],
        solution: Solution::Fields(&["coordinates"], &[]),
        ..PICTURE
    },
    Family {
        name: "text_question",
        solo: Some("TextCaptchaTask"),
        // Cautious: as for a picture's text.
        list_price: "0.001",
        parameters: Parameters::By(&[COMMENT, LANGUAGE]),
        solution: Solution::Text,
        ..PICTURE
    },
    Family {
        name: "audio",
        solo: Some("AudioTask"),
        // Cautious: as for a picture's text.
        list_price: "0.001",
        parameters: Parameters::By(&[("body", Convert(given::recording)), ("lang", Send("lang"))]),
        solution: Solution::Text,
        pace: SLOW,
        ..PICTURE
    },
];
