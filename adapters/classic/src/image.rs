//! What is asked of an image, checked before it is sent; images go as files, a third smaller than in base64, where the
//! method takes files.
//!
//! Source: "Normal Captcha", "RotateCaptcha" and "Bounding Box Method" and the errors `ERROR_ZERO_CAPTCHA_FILESIZE`,
//! `ERROR_TOO_BIG_CAPTCHA_FILESIZE` and `ERROR_WRONG_FILE_EXTENSION` of <https://2captcha.com/2captcha-api>.

use adapter_kit::{Fault, Part};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use crate::task::Draft;

/// Fewer bytes than this are no image.
const LEAST_BYTES: usize = 100;

/// What an image may be at most, and at least.
pub struct Most {
    /// Bytes, at least.
    pub least: usize,
    /// Bytes, at most.
    pub bytes: usize,
    /// Pixels, at most.
    pub width: u32,
    /// Pixels, at most.
    pub height: u32,
    /// The same for people.
    pub words: &'static str,
}

/// `file`, at 2captcha.
const CAPTCHA: Most = Most {
    least: LEAST_BYTES,
    bytes: 600_000,
    width: 1000,
    height: 1000,
    words: "an image has at most 600 kB and 1000 pixels on a side here",
};
/// `imginstructions`, at 2captcha.
const INSTRUCTIONS: Most = Most {
    least: LEAST_BYTES,
    bytes: 100_000,
    width: 400,
    height: 150,
    words: "it has at most 100 kB and 400 × 150 pixels here",
};

/// The image that is to be read.
pub(crate) fn body(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    attach(("body", "file"), value, &CAPTCHA, draft)
}

/// An image that says what to do.
pub(crate) fn instructions(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    attach(("imgInstructions", "imginstructions"), value, &INSTRUCTIONS, draft)
}

/// The image that is to be looked at, for a method that takes no files.
pub(crate) fn encoded(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    write(("body", "image"), value, &CAPTCHA, draft)
}

/// The same under another name.
pub(crate) fn encoded_body(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    write(("body", "body"), value, &CAPTCHA, draft)
}

/// An image that says what to do, for a method that takes no files.
pub(crate) fn encoded_instructions(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    write(("imgInstructions", "imginstructions"), value, &INSTRUCTIONS, draft)
}

/// A list of one image, where one is all that a worker sees.
pub(crate) fn only_one(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    match list(value)? {
        [image] => attach(("images", "file"), image, &CAPTCHA, draft),
        _ => Err(Fault::parameter_refused("images", "one picture is looked at at a time here")),
    }
}

/// "Up to 9 files": `file_1` and so on, or `file` where there is one.
const FILES: [&str; 9] = ["file_1", "file_2", "file_3", "file_4", "file_5", "file_6", "file_7", "file_8", "file_9"];

/// Several images, which are turned one by one.
pub(crate) fn several(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let images = list(value)?;
    if let [image] = images {
        return attach(("images", "file"), image, &CAPTCHA, draft);
    }
    if images.len() > FILES.len() {
        return Err(Fault::parameter_refused("images", "at most nine pictures are turned at a time here"));
    }
    images.iter().zip(FILES).try_for_each(|(image, theirs)| attach(("images", theirs), image, &CAPTCHA, draft))
}

/// The three pieces that belong into Temu's picture.
pub(crate) fn three_parts(value: &Value, draft: &mut Draft) -> Result<(), Fault> {
    let parts = list(value)?;
    if parts.len() != 3 {
        return Err(Fault::parameter_refused("images", "they are the three pieces of the puzzle here"));
    }
    parts.iter().zip(["part1", "part2", "part3"]).try_for_each(|(part, theirs)| {
        // Pieces are small; of them no least size is known.
        write(("images", theirs), part, &Most { least: 1, ..CAPTCHA }, draft)
    })
}

fn list(value: &Value) -> Result<&[Value], Fault> {
    value.as_array().map(Vec::as_slice).ok_or_else(|| Fault::parameter_of_wrong_type("images"))
}

/// The image of the canonical name as a file of theirs.
fn attach((name, theirs): (&str, &str), value: &Value, most: &Most, draft: &mut Draft) -> Result<(), Fault> {
    let (bytes, format) = checked(name, value, most)?;
    let (extension, content_type) = format.names();
    draft.attach(Part::file(theirs, &format!("{theirs}.{extension}"), content_type, bytes));
    Ok(())
}

/// The image of the canonical name as text under theirs.
///
/// # Errors
/// `invalid-task` for what is no image of anybody's, `not-supported` for one that is not taken here.
pub fn write((name, theirs): (&str, &'static str), value: &Value, most: &Most, draft: &mut Draft) -> Result<(), Fault> {
    checked(name, value, most)?;
    draft.set(theirs, value.as_str().unwrap_or_default().to_owned());
    Ok(())
}

/// The image's bytes, where it is one that is taken.
fn checked(name: &str, value: &Value, most: &Most) -> Result<(Vec<u8>, Format), Fault> {
    let text = value.as_str().ok_or_else(|| Fault::parameter_of_wrong_type(name))?;
    let bytes =
        STANDARD.decode(text).map_err(|_| Fault::invalid_task("IMAGE_UNREADABLE", &format!("{name} is no base64")))?;
    if bytes.len() < most.least.min(LEAST_BYTES) {
        return Err(Fault::invalid_task("IMAGE_TOO_SMALL", "an image has at least 100 bytes"));
    }
    let Some(format) = Format::of(&bytes) else {
        return Err(Fault::parameter_refused(name, "an image is JPEG, GIF or PNG here"));
    };
    // A size that cannot be read is left to the provider to judge.
    let (width, height) = format.size(&bytes).unwrap_or_default();
    if bytes.len() < most.least || bytes.len() > most.bytes || width > most.width || height > most.height {
        return Err(Fault::parameter_refused(name, most.words));
    }
    Ok((bytes, format))
}

/// The formats that are taken.
#[derive(Clone, Copy)]
enum Format {
    Jpeg,
    Gif,
    Png,
}

impl Format {
    /// The format, by how a file begins.
    fn of(bytes: &[u8]) -> Option<Self> {
        if bytes.starts_with(b"\xff\xd8\xff") {
            return Some(Self::Jpeg);
        }
        if bytes.starts_with(b"GIF87a") || bytes.starts_with(b"GIF89a") {
            return Some(Self::Gif);
        }
        bytes.starts_with(b"\x89PNG\r\n\x1a\n").then_some(Self::Png)
    }

    /// The file's extension, by which the provider tells formats apart, and its content type.
    const fn names(self) -> (&'static str, &'static str) {
        match self {
            Self::Jpeg => ("jpg", "image/jpeg"),
            Self::Gif => ("gif", "image/gif"),
            Self::Png => ("png", "image/png"),
        }
    }

    /// Width and height in pixels, where the file says so where it should.
    fn size(self, bytes: &[u8]) -> Option<(u32, u32)> {
        match self {
            Self::Jpeg => jpeg_size(bytes),
            Self::Gif => Some((u16::from_le_bytes(at(bytes, 6)?).into(), u16::from_le_bytes(at(bytes, 8)?).into())),
            Self::Png => Some((u32::from_be_bytes(at(bytes, 16)?), u32::from_be_bytes(at(bytes, 20)?))),
        }
    }
}

/// The size in a JPEG's frame header, which comes before the image's data and behind segments of any length.
fn jpeg_size(bytes: &[u8]) -> Option<(u32, u32)> {
    let mut place = 2;
    loop {
        let [mark, kind] = at(bytes, place)?;
        match (mark, kind) {
            (0xff, 0xff) => place += 1,
            // Frame headers have these kinds, but for the three that are tables.
            (0xff, 0xc0..=0xcf) if !matches!(kind, 0xc4 | 0xc8 | 0xcc) => {
                let (height, width) = (at(bytes, place + 5)?, at(bytes, place + 7)?);
                return Some((u16::from_be_bytes(width).into(), u16::from_be_bytes(height).into()));
            }
            // The image's data begins: a frame header is missing.
            (0xff, 0xd9 | 0xda) => return None,
            (0xff, 0x01 | 0xd0..=0xd8) => place += 2,
            (0xff, _) => place += 2 + usize::from(u16::from_be_bytes(at(bytes, place + 2)?)),
            (_, _) => return None,
        }
    }
}

/// So many bytes from this place on.
fn at<const N: usize>(bytes: &[u8], place: usize) -> Option<[u8; N]> {
    bytes.get(place..)?.first_chunk().copied()
}
