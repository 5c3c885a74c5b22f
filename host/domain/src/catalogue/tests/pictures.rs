//! Pictures: which are taken, and how a refusal says what is wrong with one.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::super::TaskError;
use super::read;

/// A GIF's head and so many bytes in all, in base64.
pub(super) fn gif(bytes: usize) -> String {
    let mut picture = b"GIF89a".to_vec();
    picture.resize(bytes, 0);
    STANDARD.encode(picture)
}

#[test]
fn images_come_plain_or_as_data_uri_and_are_checked() {
    let png = [b"\x89PNG\r\n\x1a\n".as_slice(), &[0; 200]].concat();
    let packed = STANDARD.encode(&png);
    for body in
        [packed.clone(), format!("data:image/png;base64,{packed}"), format!("{}\r\n{}", &packed[..8], &packed[8..])]
    {
        assert_eq!(read(json!({"type": "ImageToTextTask", "body": body})).unwrap().parameters["body"], packed);
    }
    let tiny = STANDARD.encode(&png[..50]);
    let other = STANDARD.encode([7; 200]);
    for body in [tiny, other] {
        assert!(read(json!({"type": "ImageToTextTask", "body": body})).is_err());
    }
}

#[test]
fn a_refused_picture_says_which_of_three_things_is_wrong() {
    let error = |body: String| read(json!({"type": "ImageToTextTask", "image": body})).err().unwrap();
    let (tiny, large, huge) = (error(gif(99)), error(gif(500_001)), error(gif(900_000)));
    assert!(matches!(&tiny, TaskError::ImageTooSmall { field, .. } if field == "image"), "{tiny}");
    assert!(matches!(&large, TaskError::ImageTooLarge { .. }), "{large}");
    assert!(matches!(&huge, TaskError::ImageTooLarge { .. }), "{huge}");
    assert_eq!(tiny.to_string(), "task.image is too small: it must be an image of 100 to 500000 bytes");
    for broken in ["%%%".to_owned(), STANDARD.encode([7; 200])] {
        assert!(matches!(error(broken), TaskError::ImageCorrupted { .. }));
    }
    let number = read(json!({"type": "ImageToTextTask", "image": 7})).err().unwrap();
    assert!(matches!(number, TaskError::Bad { .. }), "{number}");
}

#[test]
fn several_pictures_are_each_looked_at() {
    let grid = |images| read(json!({"type": "GridTask", "imagesBase64": images, "comment": "cars"}));
    assert_eq!(grid(json!([gif(200), gif(300)])).unwrap().parameters["images"], json!([gif(200), gif(300)]));
    assert!(matches!(grid(json!([gif(200), gif(50)])), Err(TaskError::ImageTooSmall { .. })));
}
