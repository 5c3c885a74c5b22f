//! Recognition: pictures, recordings and questions in; text, numbers or places out.

use super::shared::{
    BACKGROUND, BODY, COMMENT, IMAGES, INSTRUCTIONS, LANGUAGE, PAGE, RECOGNITION, SITE_KEY, TEXT_SOLUTION, TOLD,
};
use crate::catalogue::{Class, Family, Field, Kind, Says, SolutionField, Variant};

const fn flag(name: &'static str) -> Field {
    Field::optional(name, Kind::Flag, "")
}

const fn answer(name: &'static str, about: &'static str) -> SolutionField {
    SolutionField::main(name, Class::Plain, about)
}

const fn beside(name: &'static str, about: &'static str) -> SolutionField {
    SolutionField::beside(name, Class::Plain, about)
}

const MIN_CLICKS: Field = Field::optional("minClicks", Kind::Integer(0, 100), "Fewest points.");
const MAX_CLICKS: Field = Field::optional("maxClicks", Kind::Integer(0, 100), "Most points.");
const MODULE: Field =
    Field::optional("module", Kind::Text(64), "The recogniser to use, where the service has several.");
const DISTANCE: SolutionField = answer("distance", "How far to slide, in pixels, a number.");
const RECTS: SolutionField = answer("rects", "Places: a list of {x1, y1, x2, y2} in pixels.");
const OBJECTS: SolutionField = answer("objects", "The numbers of the pictures or tiles that match, from 0.");
const BOX: SolutionField = answer("box", "A place in the picture: a list of numbers, in pixels.");
const PLACES: SolutionField = answer(
    "coordinates",
    "Points as a list of {x, y}, rectangles as a list of {x1, y1, x2, y2}; in pixels from the upper left corner.",
);

pub(super) const FAMILIES: &[Family] = &[
    Family {
        name: "image_to_text",
        title: "Image to text",
        wire_name: "ImageToTextTask",
        type_names: &[
            "ImageToTextTask",
            "ImageToText",
            "TextRecognition",
            "HumanRecognition",
            "TextRecognitionTask",
            "HumanRecognitionTask",
            "post",
            "base64",
        ],
        variants: &[
            Variant { when: &[(flag("coordinatescaptcha"), Says::Yes)], becomes: "coordinates" },
            Variant { when: &[(flag("canvas"), Says::Yes)], becomes: "draw_around" },
            Variant { when: &[(flag("bounding"), Says::Yes)], becomes: "bounding_box" },
            Variant { when: &[(flag("recaptcha"), Says::Yes)], becomes: "grid" },
            Variant {
                when: &[(Field::optional("textcaptcha", Kind::Text(4096), ""), Says::Anything)],
                becomes: "text_question",
            },
        ],
        fields: &[
            BODY,
            Field::optional("phrase", Kind::Flag, "The answer has several words."),
            Field::optional("case", Kind::Flag, "Letter case counts.").also(&["caseSensitive", "regsense"]),
            Field::optional(
                "numeric",
                Kind::Integer(0, 4),
                "0 anything, 1 digits, 2 no digits, 3 digits or letters only, 4 both.",
            ),
            Field::optional("math", Kind::Flag, "The answer has to be calculated.").also(&["calc"]),
            Field::optional("minLength", Kind::Integer(0, 1000), "Shortest answer; 0 = any.").also(&["minLen"]),
            Field::optional("maxLength", Kind::Integer(0, 1000), "Longest answer; 0 = any.").also(&["maxLen"]),
            COMMENT,
            INSTRUCTIONS,
            LANGUAGE,
        ],
        solution: TEXT_SOLUTION,
        ..RECOGNITION
    },
    Family {
        name: "coordinates",
        title: "Places in an image",
        wire_name: "CoordinatesTask",
        type_names: &[
            "CoordinatesTask",
            "ImageToCoordinatesTask",
            "ImageCoordinatesTask",
            "CoordinatesRecognition",
            "CoordinatesRecognitionTask",
            "coordinatescaptcha",
        ],
        fields: &[
            BODY,
            COMMENT,
            INSTRUCTIONS,
            MIN_CLICKS,
            MAX_CLICKS,
            Field::optional("mode", Kind::Choice(&["points", "rectangles"]), "What is wanted; points where not given."),
            LANGUAGE,
        ],
        solution: &[PLACES],
        ..RECOGNITION
    },
    Family {
        name: "grid",
        title: "Tiles of an image",
        wire_name: "GridTask",
        type_names: &["GridTask", "GridRecognition", "ReCaptchaV2Classification", "HCaptchaClassification"],
        fields: &[
            PAGE.unneeded(),
            SITE_KEY.unneeded(),
            BODY.unneeded(),
            IMAGES,
            Field::optional("imageUrls", Kind::Urls(20), "Addresses of the images."),
            COMMENT.also(&["textInstructions", "question", "metadata.Task", "metadata.TaskDefinition"]),
            INSTRUCTIONS,
            Field::optional("rows", Kind::Integer(1, 20), "Rows of tiles.").also(&["recaptchaRows"]),
            Field::optional("columns", Kind::Integer(1, 20), "Columns of tiles.").also(&["recaptchaCols", "cols"]),
            Field::optional("grid", Kind::Choice(&["3x3", "4x4", "1x1"]), "The same, as one word."),
            LANGUAGE,
        ],
        one_of: &[&["body", "images", "imageUrls"], TOLD],
        solution: &[
            answer("click", "The numbers of the tiles that match, from 1, row by row; a list."),
            beside("objects", "The same numbers from 0, or true and false for each image; a list."),
            beside("hasObject", "Whether a single tile matches."),
            beside("size", "Tiles in a row, a number."),
        ],
        ..RECOGNITION
    },
    Family {
        name: "bounding_box",
        title: "Boxes around things in an image",
        wire_name: "BoundingBoxTask",
        type_names: &["BoundingBoxTask", "BoundingBoxRecognition"],
        fields: &[BODY, COMMENT, INSTRUCTIONS, LANGUAGE],
        one_of: &[TOLD],
        solution: &[answer("bounding_boxes", "A list of {xMin, xMax, yMin, yMax}, in pixels.")],
        ..RECOGNITION
    },
    Family {
        name: "draw_around",
        title: "Lines around things in an image",
        wire_name: "DrawAroundTask",
        type_names: &["DrawAroundTask", "DrawAroundRecognition", "canvas"],
        fields: &[BODY, COMMENT, INSTRUCTIONS, LANGUAGE],
        one_of: &[TOLD],
        solution: &[answer("canvas", "Closed lines: a list of lists of {x, y}, in pixels.")],
        ..RECOGNITION
    },
    Family {
        name: "rotate",
        title: "An image to be turned upright",
        wire_name: "RotateTask",
        type_names: &["RotateTask", "RotateRecognition", "rotatecaptcha"],
        fields: &[
            BODY.unneeded(),
            IMAGES,
            BACKGROUND,
            Field::optional("angle", Kind::Number(0.0, 360.0), "Degrees of one step; 0 = any."),
            COMMENT,
            INSTRUCTIONS,
            LANGUAGE,
        ],
        one_of: &[&["body", "images"]],
        solution: &[
            answer("rotate", "Degrees clockwise, a number; of several images a list of them.").also(&["angle"]),
            DISTANCE,
        ],
        ..RECOGNITION
    },
    Family {
        name: "slider",
        title: "Where a piece belongs in an image",
        wire_name: "SliderTask",
        type_names: &["SliderTask", "SliderRecognition"],
        fields: &[
            PAGE.unneeded(),
            BODY,
            BACKGROUND,
            Field::required(
                "module",
                Kind::Choice(&["slider_1", "space_detection", "shein"]),
                "The kind of puzzle: a piece to slide, a thing to find, or several in order.",
            ),
            COMMENT,
        ],
        solution: &[DISTANCE, RECTS, BOX],
        ..RECOGNITION
    },
    Family {
        name: "aws_waf_classification",
        title: "Images of AWS WAF",
        wire_name: "AwsWafClassification",
        type_names: &["AwsWafClassification"],
        fields: &[PAGE.unneeded(), IMAGES.needed().also(&["imagesBase64", "image", "body"]), COMMENT.needed()],
        solution: &[OBJECTS, BOX, DISTANCE],
        ..RECOGNITION
    },
    Family {
        name: "funcaptcha_classification",
        title: "Images of FunCaptcha",
        wire_name: "FunCaptchaClassification",
        type_names: &["FunCaptchaClassification"],
        fields: &[PAGE.unneeded(), IMAGES.needed().also(&["imagesBase64", "image", "body"]), COMMENT.needed(), MODULE],
        solution: &[OBJECTS, BOX, DISTANCE],
        ..RECOGNITION
    },
    Family {
        name: "vk_image",
        title: "VK Captcha, by its image",
        wire_name: "VKCaptchaImageTask",
        type_names: &["VKCaptchaImageTask", "VKImageTask"],
        fields: &[BODY, Field::optional("steps", Kind::Integers(1000), "The steps that VK gave with the image.")],
        solution: &[
            SolutionField::main("answer", Class::Personal, "What VK takes as the answer."),
            beside("best_step", "The step that fits, a number."),
        ],
        ..RECOGNITION
    },
    Family {
        name: "temu_image",
        title: "Temu, by its image",
        wire_name: "TemuCaptchaTask",
        type_names: &["TemuCaptchaTask", "TemuImageTask", "temuimage"],
        fields: &[BODY, IMAGES.also(&["parts"])],
        solution: &[PLACES],
        ..RECOGNITION
    },
    Family {
        name: "text_question",
        title: "A question in words",
        wire_name: "TextCaptchaTask",
        type_names: &["TextCaptchaTask", "TextQuestionTask", "textcaptcha"],
        fields: &[COMMENT.needed().also(&["textcaptcha", "question", "textInstructions"]), LANGUAGE],
        solution: TEXT_SOLUTION,
        ..RECOGNITION
    },
    Family {
        name: "audio",
        title: "Words of a recording",
        wire_name: "AudioTask",
        type_names: &["AudioTask", "AudioRecognition", "AudioToTextTask"],
        fields: &[
            Field::required("body", Kind::Audio, "The recording in base64.")
                .also(&["audio", "file"])
                .class(Class::Personal),
            Field::required("lang", Kind::Choice(&["en", "fr", "de", "el", "pt", "ru"]), "Its language.")
                .also(&["language", "languagePool"]),
        ],
        solution: TEXT_SOLUTION,
        ..RECOGNITION
    },
];
