//! Recognition of images.
//!
//! Sources: `ImageToText/image-to-text`, `recaptcha-click` and the pages below `compleximage`.

use adapter_kit::Rule::{Convert, LeaveOut, Refuse, Send};
use create_task::family::Constant;
use create_task::{Family, Parameters, Row, Solution};

use super::{IMAGE_REPORTS, TOKEN};
use crate::{parameters as given, solution};

const NO_SECOND_IMAGE: Row = ("imgInstructions", Refuse("there is no place for a second image here"));
const ENGLISH: Row = ("languagePool", Convert(given::english));

const RECOGNITION: Family = Family { list_price: "0.0005", reports: IMAGE_REPORTS, ..TOKEN };

pub(crate) const FAMILIES: &[Family] = &[
    Family {
        name: "image_to_text",
        solo: Some("ImageToTextTask"),
        parameters: Parameters::By(&[
            ("body", Convert(given::small_image)),
            ("phrase", Convert(given::no_phrase)),
            ("case", Send("case")),
            ("numeric", Convert(given::numeric)),
            ("math", Send("math")),
            ("minLength", Convert(given::no_least_length)),
            ("maxLength", Convert(given::no_greatest_length)),
            ("comment", Refuse("nobody reads it here")),
            NO_SECOND_IMAGE,
            ENGLISH,
        ]),
        solution: Solution::Text,
        ..RECOGNITION
    },
    Family {
        name: "grid",
        solo: Some("ComplexImageTask"),
        parameters: Parameters::By(&[
            ("websiteURL", Send("websiteURL")),
            ("websiteKey", LeaveOut("the image is all that is looked at")),
            ("body", Convert(given::grid_image)),
            ("images", Convert(given::grid_images)),
            ("imageUrls", Convert(given::grid_urls)),
            ("comment", Convert(given::question)),
            NO_SECOND_IMAGE,
            ("rows", Convert(given::rows)),
            ("columns", Convert(given::columns)),
            ("grid", Send("metadata.Grid")),
            ENGLISH,
        ]),
        always: &[("class", Constant::Text("recaptcha"))],
        needs: &[&["comment"]],
        finish: given::size_of_grid,
        solution: Solution::Made(solution::tiles),
        ..RECOGNITION
    },
    Family {
        name: "capmonster_recognition",
        solo: Some("ComplexImageTask"),
        parameters: Parameters::AsSent,
        always: &[("class", Constant::Text("recognition"))],
        solution: Solution::AsGiven,
        ..RECOGNITION
    },
];
